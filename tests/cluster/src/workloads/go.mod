module wasmnb.test/cluster/workloads

go 1.24
