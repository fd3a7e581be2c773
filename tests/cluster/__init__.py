"""The tests' own cluster: a real one-node Kubernetes with a real Istio, made of Go modules, Debian packages and PyPI.

::

    life.up() ──► guard ──► init ──► bringup ──► etcd, kube-apiserver, containerd, kubelet, docker-registry ...
     anywhere     outside    first process of namespaces of its own (processes, mounts, network)

`programs` builds what is not to be had otherwise, `images` puts it into images, `node` says what runs and how.
"""
