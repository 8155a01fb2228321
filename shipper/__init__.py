"""shipper: follows log files, remembers how far it got, batches and delivers; nothing lost, nothing twice."""
