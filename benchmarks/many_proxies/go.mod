module wasmnb.test/benchmarks/many_proxies

go 1.24
