//! Proofs on a real cluster: the tests drive the cluster of `KUBECONFIG` through kubectl.
