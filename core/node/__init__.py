"""The embedded Elasticsearch: the real server's core, on this machine, with nothing but pip.

`EmbeddedNode` lives as long as a `with` block; `start`, `stop` and `status` keep one beyond the command that started
it.
"""

from core.node.detached import NodeStatus, start, status, stop
from core.node.embedded import EmbeddedNode
from core.node.record import running_url
from core.node.spawn import StartOptions

__all__ = ["EmbeddedNode", "NodeStatus", "StartOptions", "running_url", "start", "status", "stop"]
