"""What hangs on what: domains, proxies, sites, containers, networks, volumes, hosts, NAS."""
