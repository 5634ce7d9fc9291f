//! Overlays: each builds, the API server accepts it, and a second namespace has a database of its own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use e2e::kubectl::{feed, json, kubectl};
use e2e::petclinic::{Petclinic, Pod, TIMEOUT};
use e2e::{measurement, root, until};
use serde_json::Value;

const OVERLAYS: [&str; 4] = ["eks", "external-database", "kind", "namespace"];
/// The namespace of `overlays/namespace`.
pub(crate) const NAMESPACE: &str = "clinic";

/// A copy of `k8s` and `overlays` with a `secret.env` where an overlay reads one, so that a user's own is left alone.
pub(crate) struct Copy {
    directory: tempfile::TempDir,
}

impl Copy {
    pub(crate) fn new() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        run(Command::new("cp").arg("-r").args([root().join("k8s"), root().join("overlays")]).arg(directory.path()))?;
        let copy = Self { directory };
        for (overlay, namespace) in [("eks", "default"), ("namespace", NAMESPACE)] {
            let secrets = run(Command::new(copy.path("k8s/new-passwords")).arg(namespace))?;
            std::fs::write(copy.path("overlays").join(overlay).join("secret.env"), secrets)?;
        }
        let external = copy.path("overlays/external-database");
        std::fs::copy(external.join("secret.env.example"), external.join("secret.env"))?;
        Ok(copy)
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// Replaces a text of a file, which must have it.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) -> Result<()> {
        let path = self.path(path);
        let text = std::fs::read_to_string(&path)?;
        ensure!(text.contains(from), "{} has no {from:?}", path.display());
        Ok(std::fs::write(&path, text.replace(from, to))?)
    }

    /// A value of `overlays/namespace/secret.env`.
    pub(crate) fn secret(&self, key: &str) -> Result<String> {
        let text = std::fs::read_to_string(self.path("overlays/namespace/secret.env"))?;
        let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        value.map(str::to_owned).with_context(|| format!("no {key}"))
    }

    /// Adds a line to an overlay's resources.
    pub(crate) fn add_resource(&self, overlay: &str, resource: &str) -> Result<()> {
        let path = self.path("overlays").join(overlay).join("Kustomization");
        let text = std::fs::read_to_string(&path)?;
        Ok(std::fs::write(path, text.replace("  - ../base\n", &format!("  - ../base\n  - {resource}\n")))?)
    }

    pub(crate) fn build(&self, overlay: &str) -> Result<String> {
        kubectl(&["kustomize", &self.path("overlays").join(overlay).to_string_lossy()])
    }
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// The objects of a manifest, as kubectl reads them.
pub(crate) fn objects(manifest: &str) -> Result<Vec<Value>> {
    let list = feed(&["create", "--dry-run=client", "-f", "-", "-o", "json"], manifest)?;
    serde_json::Deserializer::from_str(&list).into_iter().collect::<Result<_, _>>().context("kubectl create: no JSON")
}

fn find<'a>(objects: &'a [Value], kind: &str, prefix: &str) -> Option<&'a Value> {
    objects.iter().find(|it| it["kind"] == kind && it["metadata"]["name"].as_str().is_some_and(|name| name.starts_with(prefix)))
}

/// A namespace that a dry run needs, since it creates none; dropped, it is deleted if it was not there before.
pub(crate) struct Namespace(&'static str, bool);

impl Namespace {
    pub(crate) fn new(name: &'static str) -> Result<Self> {
        let there = kubectl(&["get", "namespace", name, "--ignore-not-found", "-o", "name"])?;
        feed(
            &["apply", "-f", "-"],
            &format!(r#"{{"apiVersion": "v1", "kind": "Namespace", "metadata": {{"name": "{name}"}}}}"#),
        )?;
        Ok(Self(name, there.is_empty()))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if self.1 {
            let _ = kubectl(&["delete", "namespace", self.0]);
        }
    }
}

#[test]
fn overlays_are_accepted_by_the_api_server() -> Result<()> {
    let _petclinic = Petclinic::exclusive();
    let copy = Copy::new()?;
    // one without a StatefulSet, whose volume's size and class can't be changed
    let _namespaces = [Namespace::new("nginx-ingress")?, Namespace::new(NAMESPACE)?, Namespace::new("e2e-overlays")?];
    for overlay in OVERLAYS {
        let manifest = copy.build(overlay)?.replace("namespace: default", "namespace: e2e-overlays");
        let accepted = feed(&["apply", "--dry-run=server", "-f", "-"], &manifest)?;
        measurement(overlay, format!("{} objects accepted", accepted.lines().count()));
        assert!(!manifest.contains("development-only") && (overlay == "kind" || !manifest.contains("ZGV2ZWxvcG1lbnQtb25seS")));
    }
    Ok(())
}

#[test]
fn base_applies_equally_by_file_and_kustomization() -> Result<()> {
    let _petclinic = Petclinic::exclusive();
    let directory = root().join("k8s");
    let names = |flag| -> Result<Vec<String>> {
        let applied = kubectl(&["apply", "--dry-run=server", "-o", "name", flag, &directory.to_string_lossy()])?;
        let mut names: Vec<_> = applied.lines().map(str::to_owned).collect();
        names.sort();
        Ok(names)
    };
    let by_file = names("-f")?;
    assert_eq!(by_file, names("-k")?);
    measurement("objects of -f and of -k", by_file.len());
    Ok(())
}

#[test]
fn overlay_config_and_secret_names_have_a_hash() -> Result<()> {
    let copy = Copy::new()?;
    let base = objects(&kubectl(&["kustomize", &root().join("k8s").to_string_lossy()])?)?;
    let built = objects(&kubectl(&["kustomize", &root().join("overlays/base").to_string_lossy()])?)?;
    let settings = |objects: &[Value]| find(objects, "ConfigMap", "petclinic").map(|it| it["data"].clone());
    assert_eq!(settings(&base), settings(&built), "overlays/base has other settings than k8s/11-config.yaml");

    let before = objects(&copy.build("eks")?)?;
    let env = copy.path("overlays/eks/secret.env");
    let secrets = std::fs::read_to_string(&env)?;
    std::fs::write(&env, secrets.replace("cookie-key=", "cookie-key=x"))?;
    let after = objects(&copy.build("eks")?)?;
    let name = |objects: &[Value]| find(objects, "Secret", "petclinic-database").map(|it| it["metadata"]["name"].clone());
    assert_ne!(name(&before), name(&after), "a changed Secret keeps its name");
    assert_ne!(find(&before, "Deployment", "petclinic"), find(&after, "Deployment", "petclinic"), "no rollout");
    assert_eq!(find(&before, "StatefulSet", "mysql"), find(&after, "StatefulSet", "mysql"), "MySQL would restart");
    Ok(())
}

/// Applies a manifest for [`NAMESPACE`] and waits for a pod that is ready.
pub(crate) fn start_second(manifest: &str) -> Result<Pod> {
    feed(&["apply", "-f", "-"], manifest)?;
    let (pod, took) = until("the second Petclinic is ready", TIMEOUT, || {
        let pods = json(&["-n", NAMESPACE, "get", "pods", "-lapp.kubernetes.io/name=petclinic"])?;
        let pods = pods["items"].as_array().cloned().unwrap_or_default();
        Ok(pods.iter().map(Pod::of).find(|pod| pod.ready))
    })?;
    measurement("second Petclinic ready after", format!("{:.1} s", took.as_secs_f64()));
    Ok(pod)
}

/// Runs SQL as root in the MySQL pod of [`NAMESPACE`].
pub(crate) fn sql(statements: &str) -> Result<String> {
    let script = "MYSQL_PWD=$(cat /run/secrets/database/root-password) exec mysql -uroot";
    feed(&["-n", NAMESPACE, "exec", "-i", "mysql-0", "--", "sh", "-c", script], statements)
}

#[test]
fn second_namespace_has_its_own_database() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let copy = Copy::new()?;
    let manifest = copy.build("namespace")?;
    let _namespace = Namespace::new(NAMESPACE)?;
    let pod = start_second(&manifest)?;

    let diff = feed(&["diff", "-f", "-"], &manifest)?;
    assert_eq!(diff, "", "kubectl diff after apply");
    let text = format!("only in {NAMESPACE} {}", std::process::id());
    let insert = format!("INSERT INTO petclinic.visit (pet_id, visit_date, description) VALUES (1, '2026-01-02', '{text}')");
    sql(&insert)?;
    let page = |pod: &str, namespace: &str| {
        kubectl(&["get", "--raw", &format!("/api/v1/namespaces/{namespace}/pods/{pod}:8080/proxy/owners/1")])
    };
    assert!(page(&pod.name, NAMESPACE)?.contains(&text), "the second Petclinic does not use its own database");
    let first = petclinic.wait_for_replicas(2)?.0.swap_remove(0);
    assert!(!page(&first.name, "default")?.contains(&text), "the first Petclinic uses the second one's database");
    Ok(())
}
