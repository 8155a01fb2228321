"""How the server's JVM is started: its options, and the few bytes that Elasticsearch's own launcher would send it.

Starting the server directly, and not through `bin/elasticsearch`, saves a second JVM (100 MB) that would only wait,
and gives what no wrapper can: while it is not told to be a daemon, the server watches its standard input and ends when
that closes. So it never outlives the Python that started it, not even one killed with SIGKILL.

The bytes are those of `org.elasticsearch.bootstrap.ServerArgs`; they hold for the one build that distribution.py pins.
"""

import re
from pathlib import Path

TMP = "tmp"
"""The node's own folder for temporary files, inside its folder."""
_BYTES = {"m": 1 << 20, "g": 1 << 30}
_KEYSTORE = "org.elasticsearch.common.settings.KeyStoreWrapper"
_KEYSTORE_FORMAT = 6

SHORT_LIVED = ("-XX:TieredStopAtLevel=1",)
"""For a node of minutes: without the optimising compiler a start takes 7 s of processor time, not 11, and the first
150,000 documents 6 s, not 15. Measured on two cores; a node of hours is better off with it."""

LOG4J = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:es.logs.base_path}${sys:file.separator}elasticsearch.log
appender.file.filePattern = ${sys:es.logs.base_path}${sys:file.separator}elasticsearch-%i.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""
"""Three files of 10 MB at most, where Elasticsearch's own configuration keeps gigabytes in two formats."""


def heap_bytes(heap: str) -> int:
    """Return the size of a heap as the settings write it, e.g. ``512m``, in bytes."""
    return int(heap[:-1]) * _BYTES[heap[-1]]


def java_options(home: Path, folder: Path, heap: str) -> list[str]:
    """Return the options of the JVM, as Elasticsearch's launcher computes them for this build and heap.

    Left out are the incubating vector module, which the runtime lacks, touching the whole heap at the start,
    and the garbage collector's log.

    Args:
        home: The unpacked server.
        folder: The node's own folder.
        heap: E.g. ``512m``.
    """
    bridge = next((home / "lib" / "entitlement-bridge").glob("*.jar"))
    return [
        *_ELASTICSEARCH_OPTIONS,
        f"-Xms{heap}",
        f"-Xmx{heap}",
        f"-XX:MaxDirectMemorySize={heap_bytes(heap) // 2}",
        f"-XX:ErrorFile={folder}/logs/java-error-%p.log",
        f"-XX:ReplayDataFile={folder}/logs/java-replay-%p.log",
        f"-Djava.io.tmpdir={folder / TMP}",
        f"-Des.path.home={home}",
        f"--patch-module=java.base={bridge}",
        "--module-path",
        f"{home}/lib",
    ]


def command(java: Path, options: list[str]) -> list[str]:
    """Return the command line; the working directory must be the unpacked server, which loads its libraries by it."""
    return [str(java), *options, "-m", "org.elasticsearch.server/org.elasticsearch.bootstrap.Elasticsearch"]


def node_arguments(home: Path, folder: Path, port: int, *, daemon: bool) -> bytes:
    """Return what a node reads from its standard input when it starts.

    Args:
        home: The unpacked server.
        folder: The node's own folder.
        port: HTTP port; 0 lets the system choose, and the node writes its choice into ``logs/http.ports``.
        daemon: Whether it goes on when its standard input closes.
    """
    settings = node_settings(home, folder, port)
    return server_arguments(settings, folder / "config", folder / "logs", daemon=daemon)


def node_settings(home: Path, folder: Path, port: int) -> dict[str, str]:
    """Return the settings of a single node for this machine alone.

    Args:
        home: The unpacked server.
        folder: The node's own folder.
        port: HTTP port; 0 lets the system choose, and the node writes its choice into ``logs/http.ports``.
    """
    return {
        "cluster.name": "wwwatch",
        "node.name": "wwwatch",
        "path.home": str(home),
        "path.data": f"{folder}/data",
        "path.logs": f"{folder}/logs",
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": str(port),
        "transport.port": "0",
        "node.portsfile": "true",
        "xpack.security.enabled": "false",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
    }


def server_arguments(settings: dict[str, str], config: Path, logs: Path, *, daemon: bool) -> bytes:
    """Return what the server reads from its standard input when it starts.

    Args:
        settings: The node's settings.
        config: Folder with ``log4j2.properties`` and ``elasticsearch.yml``.
        logs: Folder for logs.
        daemon: Whether it goes on when its standard input closes.
    """
    empty_keystore = _string(_KEYSTORE) + _KEYSTORE_FORMAT.to_bytes(4) + bytes(4)
    pairs = b"".join(_string(key) + b"\0" + _string(value) for key, value in settings.items())
    head = bytes([daemon, False, False])  # daemonize, quiet, no process id file
    return head + empty_keystore + _number(len(settings)) + pairs + _string(str(config)) + _string(str(logs))


def _number(value: int) -> bytes:
    # seven bits a byte, lowest first, the eighth says that more follow
    return bytes([value & 0x7F | 0x80]) + _number(value >> 7) if value > 0x7F else bytes([value])  # noqa: PLR2004


def _string(text: str) -> bytes:
    # the length counts UTF-16 units, and each unit is written as one to three bytes, as Java does it
    units = re.findall(b"..", text.encode("utf-16-be", "surrogatepass"), re.DOTALL)
    return _number(len(units)) + b"".join(
        unit.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass") for unit in units
    )


_ENTITLED = "org.elasticsearch.entitlement,java.logging,java.net.http,java.naming,jdk.net"
_ELASTICSEARCH_OPTIONS = (
    "-Des.networkaddress.cache.ttl=60",
    "-Des.networkaddress.cache.negative.ttl=10",
    "-Xss1m",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
    "-Djna.nosys=true",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:-UsePerfData",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0",
    "-Dlog4j.shutdownHookEnabled=false",
    "-Dlog4j2.disable.jmx=true",
    "-Dlog4j2.formatMsgNoLookups=true",
    "-Djava.locale.providers=SPI,COMPAT",
    "-Dorg.apache.lucene.vectorization.upperJavaFeatureVersion=21",
    "-Des.distribution.type=zip",
    "--enable-native-access=org.elasticsearch.nativeaccess,org.apache.lucene.core",
    "--enable-native-access=ALL-UNNAMED",
    "-Djava.security.manager=allow",
    "-Des.entitlements.enabled=true",
    "-XX:+EnableDynamicAgentLoading",
    "-Djdk.attach.allowAttachSelf=true",
    f"--add-exports=java.base/org.elasticsearch.entitlement.bridge={_ENTITLED}",
    "-XX:+UseG1GC",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:G1HeapRegionSize=4m",
    "-XX:InitiatingHeapOccupancyPercent=30",
    "-XX:G1ReservePercent=15",
    "--add-modules=jdk.net",
    "--add-modules=jdk.management.agent",
    "--add-modules=ALL-MODULE-PATH",
)
