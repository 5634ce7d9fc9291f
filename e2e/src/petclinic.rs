//! The Petclinic of `k8s/` as the tests see it.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::kubectl::{self, feed, json, kubectl, sh};
use crate::{root, until};

/// Long enough for two pods one after another on a machine that builds at the same time.
pub const TIMEOUT: Duration = Duration::from_mins(5);

/// Everything in namespace default that `k8s/` makes.
const KINDS: &str = "deployments,statefulsets,services,ingresses,configmaps,secrets,serviceaccounts,poddisruptionbudgets,\
                     horizontalpodautoscalers,networkpolicies";
const OURS: &str = "-lapp.kubernetes.io/part-of=petclinic";

/// One pod of the Deployment.
#[derive(Debug, Clone)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Its directory in the node's /logs.
    pub directory: String,
    /// True if it is ready.
    pub ready: bool,
    /// True if it is being deleted.
    pub ending: bool,
    /// The object as the API gave it.
    pub object: Value,
}

impl Pod {
    /// The pod that a JSON object of the API describes.
    pub fn of(object: &Value) -> Self {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let name = text("/metadata/name").to_owned();
        let directory = format!("{}_{name}_{}", text("/metadata/namespace"), text("/metadata/uid"));
        let ready = list(object, "/status/conditions").any(|it| it["type"] == "Ready" && it["status"] == "True");
        let ending = object.pointer("/metadata/deletionTimestamp").is_some();
        Self { name, directory, ready, ending, object: object.clone() }
    }

    /// The status of a container, init containers included.
    pub fn container(&self, name: &str) -> Value {
        list(&self.object, "/status/initContainerStatuses")
            .chain(list(&self.object, "/status/containerStatuses"))
            .find(|status| status["name"] == name)
            .cloned()
            .unwrap_or_default()
    }

    /// Restarts of a container so far.
    pub fn restarts(&self, container: &str) -> u64 {
        self.container(container)["restartCount"].as_u64().unwrap_or_default()
    }

    /// Restarts of all containers, init containers included.
    pub fn all_restarts(&self) -> u64 {
        ["logdir", "logshipper", "dbinit", "web"].iter().map(|name| self.restarts(name)).sum()
    }
}

fn list<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// The Petclinic on the cluster, for one test at a time.
pub struct Petclinic {
    _alone: MutexGuard<'static, ()>,
}

impl Petclinic {
    /// Waits for the other tests, applies `k8s/` and waits for two ready pods.
    ///
    /// # Errors
    /// No cluster, or the pods did not become ready.
    pub fn ready() -> Result<Self> {
        let petclinic = Self::exclusive();
        petclinic.apply()?;
        petclinic.wait_for_replicas(2)?;
        Ok(petclinic)
    }

    /// Waits for the other tests and touches nothing.
    pub fn exclusive() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        // a test that failed leaves the next one a cluster to put in order
        Self { _alone: ALONE.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// `kubectl apply -f k8s`; returns what it printed.
    ///
    /// # Errors
    /// `kubectl` failed.
    pub fn apply(&self) -> Result<String> {
        kubectl(&["apply", "-f", &root().join("k8s").to_string_lossy()])
    }

    /// Removes all of it, the database's claim included. Only where `E2E_ERASE` allows it, or nothing is there.
    ///
    /// # Errors
    /// There is a database and no permission to lose it.
    pub fn erase(&self) -> Result<()> {
        let claims = kubectl(&["get", "persistentvolumeclaim", "-lapp.kubernetes.io/name=mysql", "-o", "name"])?;
        if !claims.is_empty() && std::env::var_os("E2E_ERASE").is_none() {
            bail!("the cluster has a Petclinic, and this test would lose its database: set E2E_ERASE=1 to allow it");
        }
        kubectl(&["delete", KINDS, OURS, "--ignore-not-found"])?;
        until("the pods have ended", TIMEOUT, || Ok(kubectl(&["get", "pods", OURS, "-o", "name"])?.is_empty().then_some(())))?;
        kubectl(&["delete", "persistentvolumeclaim", "-lapp.kubernetes.io/name=mysql", "--ignore-not-found"])?;
        Ok(())
    }

    /// Every object that `k8s/` makes, without what the cluster itself keeps changing.
    ///
    /// # Errors
    /// `kubectl` failed.
    pub fn specifications(&self) -> Result<Vec<Value>> {
        let mut objects = json(&["get", KINDS, OURS])?;
        let items = objects["items"].as_array_mut().context("no items")?;
        for object in items.iter_mut().filter_map(Value::as_object_mut) {
            object.remove("status");
            if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.retain(|key, _| key != "resourceVersion" && key != "managedFields");
            }
        }
        Ok(std::mem::take(items))
    }

    /// The Deployment's pods, those that end included.
    ///
    /// # Errors
    /// `kubectl` failed.
    pub fn pods(&self) -> Result<Vec<Pod>> {
        let pods = json(&["get", "pods", "-lapp.kubernetes.io/name=petclinic"])?;
        Ok(list(&pods, "/items").map(Pod::of).collect())
    }

    /// One pod.
    ///
    /// # Errors
    /// It is gone.
    pub fn pod(&self, name: &str) -> Result<Pod> {
        Ok(Pod::of(&json(&["get", "pod", name])?))
    }

    /// Scales to `count` where it isn't so yet, and waits until exactly `count` pods are there, ready and rolled out.
    /// Returns them and the time.
    ///
    /// # Errors
    /// Not within [`TIMEOUT`]; the error tells the pods' states.
    pub fn wait_for_replicas(&self, count: usize) -> Result<(Vec<Pod>, Duration)> {
        let now = json(&["get", "deployment", "petclinic"])?;
        if now["spec"]["replicas"].as_u64() != u64::try_from(count).ok() && !(count == 2 && now["spec"]["replicas"] == 1) {
            self.scale(count)?;
        }
        let settled = until(&format!("{count} pods are ready"), TIMEOUT, || {
            let status = json(&["get", "deployment", "petclinic"])?;
            let rolled_out = status["status"]["observedGeneration"] == status["metadata"]["generation"]
                && status["status"]["updatedReplicas"].as_u64().unwrap_or(0) == count as u64;
            let pods = self.pods()?;
            let all = pods.len() == count && pods.iter().all(|pod| pod.ready && !pod.ending);
            Ok((all && (rolled_out || count == 0)).then_some(pods))
        });
        settled.with_context(|| kubectl(&["get", "pods", "-o", "wide"]).unwrap_or_default())
    }

    /// Sets the number of replicas and does not wait.
    ///
    /// # Errors
    /// `kubectl` failed.
    pub fn scale(&self, count: usize) -> Result<()> {
        kubectl(&["scale", "deployment", "petclinic", &format!("--replicas={count}")]).map(drop)
    }

    /// A new annotation on the pods, and so new pods. Waits until the old ones are gone.
    ///
    /// # Errors
    /// As [`Self::wait_for_replicas`].
    pub fn roll_out(&self, count: usize) -> Result<Duration> {
        let before: Vec<_> = self.pods()?.into_iter().map(|pod| pod.name).collect();
        kubectl(&["rollout", "restart", "deployment", "petclinic"])?;
        let ((), took) = until("every pod is a new one", TIMEOUT, || {
            let pods = self.pods()?;
            let done = pods.len() == count && pods.iter().all(|pod| pod.ready && !pod.ending && !before.contains(&pod.name));
            Ok(done.then_some(()))
        })?;
        Ok(took)
    }

    /// The Service at an address of this machine: it gets a port on the nodes until dropped. `E2E_NODE` (default
    /// 127.0.0.1) is a node as this machine reaches it.
    ///
    /// # Errors
    /// As kubectl, or `E2E_NODE` is no address.
    pub fn expose(&self) -> Result<Exposed> {
        kubectl(&["patch", "service", "petclinic-service", "-p", r#"{"spec":{"type":"NodePort"}}"#])?;
        let mut exposed = Exposed { address: ([127, 0, 0, 1], 0).into() };
        exposed.address = node_port("default")?;
        Ok(exposed)
    }

    /// Returns true if the Service sends requests to this pod.
    ///
    /// # Errors
    /// `kubectl` failed.
    pub fn is_in_endpoints(&self, pod: &str) -> Result<bool> {
        let slices = json(&["get", "endpointslices", "-lkubernetes.io/service-name=petclinic-service"])?;
        Ok(list(&slices, "/items")
            .flat_map(|slice| list(slice, "/endpoints"))
            .any(|endpoint| endpoint["targetRef"]["name"] == pod && endpoint["conditions"]["ready"] == true))
    }

    /// Runs SQL as root in the MySQL pod; returns the rows, one per line, fields separated by tabs.
    ///
    /// # Errors
    /// As kubectl and mysql.
    pub fn sql(&self, statements: &str) -> Result<String> {
        let script = "MYSQL_PWD=$(cat /run/secrets/database/root-password) exec mysql -uroot --batch --skip-column-names";
        feed(&["exec", "-i", "mysql-0", "--", "sh", "-c", script], statements)
    }

    /// Waits until MySQL is ready.
    ///
    /// # Errors
    /// Not within [`TIMEOUT`].
    pub fn database_ready(&self) -> Result<Duration> {
        let ((), took) = until("mysql-0 is ready", TIMEOUT, || {
            let ready = kubectl(&["get", "statefulset", "mysql", "-o", "jsonpath={.status.readyReplicas}"])?;
            Ok((ready == "1").then_some(()))
        })?;
        Ok(took)
    }

    /// Puts everything back: what `k8s/` says, two ready pods.
    ///
    /// # Errors
    /// As [`Self::wait_for_replicas`].
    pub fn restore(&self) -> Result<()> {
        kubectl(&["scale", "statefulset", "mysql", "--replicas=1"])?;
        self.apply()?;
        self.wait_for_replicas(2).map(drop)
    }
}

/// Waits until `petclinic-service` of a namespace, which has a port on the nodes, answers, and returns its address.
///
/// # Errors
/// The Service has no such port, `E2E_NODE` is no address, or nothing answers within [`TIMEOUT`].
pub fn node_port(namespace: &str) -> Result<SocketAddr> {
    let service = json(&["-n", namespace, "get", "service", "petclinic-service"])?;
    let port = service["spec"]["ports"][0]["nodePort"].as_u64().context("no node port")?;
    let node = std::env::var("E2E_NODE").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let address = SocketAddr::new(node.parse().context("E2E_NODE is no IP address")?, u16::try_from(port)?);
    until("the Service answers", TIMEOUT, || Ok(testkit::load::get(address, "/healthcheck", Duration::from_secs(5)).ok()))?;
    Ok(address)
}

/// The Service on a node's port; dropped, it is what `k8s/` says again.
pub struct Exposed {
    /// Address to connect to.
    pub address: SocketAddr,
}

impl Drop for Exposed {
    fn drop(&mut self) {
        let manifest = root().join("k8s/31-service.yaml");
        if let Err(error) = kubectl(&["apply", "-f", &manifest.to_string_lossy()]) {
            eprintln!("    petclinic-service stays exposed: {error:#}");
        }
    }
}

/// A pod on the node that sees its /logs and its processes; dropped, it goes.
pub struct Node;

const NODE: &str = "e2e-node";
const IMAGE: &str = concat!("petclinic-sidecars:", env!("CARGO_PKG_VERSION"));

impl Node {
    /// Starts the pod.
    ///
    /// # Errors
    /// It does not become ready.
    pub fn start() -> Result<Self> {
        let manifest = format!(
            r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "{NODE}"}}, "spec": {{
                "hostPID": true, "terminationGracePeriodSeconds": 0,
                "containers": [{{"name": "node", "image": "{IMAGE}", "imagePullPolicy": "IfNotPresent",
                  "command": ["sleep", "infinity"], "securityContext": {{"runAsUser": 0}},
                  "volumeMounts": [{{"name": "logs", "mountPath": "/logs"}}]}}],
                "volumes": [{{"name": "logs", "hostPath": {{"path": "/logs", "type": "DirectoryOrCreate"}}}}]}}}}"#
        );
        kubectl(&["delete", "pod", NODE, "--ignore-not-found", "--now"])?;
        feed(&["apply", "-f", "-"], &manifest)?;
        let node = Self;
        kubectl(&["wait", "--for=condition=Ready", "--timeout=300s", &format!("pod/{NODE}")])?;
        Ok(node)
    }

    /// Runs a shell script as the node's root, with its /logs.
    ///
    /// # Errors
    /// `kubectl` failed.
    pub fn sh(&self, script: &str) -> Result<String> {
        sh(NODE, "node", script)
    }

    /// The plain text of a stream of a pod: every segment and the live file, as zcat gives it.
    ///
    /// # Errors
    /// As kubectl and zcat.
    pub fn stream(&self, directory: &str, stream: &str) -> Result<String> {
        self.sh(&format!("cd /logs/{directory} && zcat -f {stream}*.gz {stream}*.log 2>/dev/null || [ $? = 1 ]"))
    }

    /// Sends SIGKILL to the processes of a container.
    ///
    /// # Errors
    /// As kubectl, or no process was found.
    pub fn kill(&self, pod: &Pod, container: &str) -> Result<()> {
        let processes = Self::processes(pod, container)?;
        self.sh(&format!("pids=$({processes}) && [ -n \"$pids\" ] && kill -9 $pids")).map(drop)
    }

    /// Sends SIGKILL to the processes of a container except its process 1. Returns their number, which may be 0.
    ///
    /// # Errors
    /// `kubectl` failed.
    pub fn kill_children(&self, pod: &Pod, container: &str) -> Result<usize> {
        let processes = Self::processes(pod, container)?;
        let killed = self.sh(&format!(
            "for pid in $({processes}); do grep -q '^NSpid:.*[^0-9]1$' /proc/$pid/status || {{ kill -9 $pid && echo $pid; }}; done; true"
        ))?;
        Ok(killed.lines().count())
    }

    /// A shell command that prints the process ids of a container.
    fn processes(pod: &Pod, container: &str) -> Result<String> {
        let status = pod.container(container);
        let id = status["containerID"].as_str().and_then(|id| id.rsplit('/').next()).context("no container id")?;
        Ok(format!("grep -l {id} /proc/[0-9]*/cgroup 2>/dev/null | cut -d/ -f3"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = kubectl(&["delete", "pod", NODE, "--ignore-not-found", "--now", "--wait=false"]);
    }
}

/// Applies a variant of the Deployment under another name, for a test that needs another volume or user.
///
/// # Errors
/// `kubectl` failed.
pub fn variant(name: &str, change: impl FnOnce(&mut Value)) -> Result<Variant> {
    let manifest = root().join("k8s/30-deployment.yaml");
    let mut deployment = json(&["create", "--dry-run=client", "-f", &manifest.to_string_lossy()])?;
    deployment["metadata"]["name"] = name.into();
    deployment["spec"]["replicas"] = 1.into();
    for labels in ["/spec/selector/matchLabels", "/spec/template/metadata/labels"] {
        if let Some(labels) = deployment.pointer_mut(labels) {
            *labels = serde_json::json!({"e2e": name});
        }
    }
    change(&mut deployment);
    let variant = Variant { name: name.to_owned() };
    feed(&["apply", "-f", "-"], &deployment.to_string())?;
    Ok(variant)
}

/// A Deployment of a test's own; dropped, it goes.
pub struct Variant {
    name: String,
}

impl Variant {
    /// Its pod, once it is ready.
    ///
    /// # Errors
    /// Not within [`TIMEOUT`].
    pub fn pod(&self) -> Result<Pod> {
        let (pod, _) = until(&format!("{} is ready", self.name), TIMEOUT, || {
            let pods = json(&["get", "pods", &format!("-le2e={}", self.name)])?;
            Ok(list(&pods, "/items").map(Pod::of).find(|pod| pod.ready))
        })?;
        Ok(pod)
    }
}

impl Drop for Variant {
    fn drop(&mut self) {
        let _ = kubectl(&["delete", "deployment", &self.name, "--ignore-not-found"]);
    }
}

/// `GET path` of one pod through the API server.
///
/// # Errors
/// Any status that is no success, or no answer.
pub fn get_from(pod: &str, path: &str) -> Result<String> {
    kubectl(&["get", "--raw", &kubectl::proxy_path(pod, 8080, path)])
}
