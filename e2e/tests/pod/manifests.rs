//! The manifests themselves: checkers, and the API server's own opinion of every file of every folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use e2e::kubectl::kubectl;
use e2e::petclinic::Petclinic;
use e2e::{measurement, root};

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|it| it == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[test]
fn manifests_are_accepted_by_the_api_server() -> Result<()> {
    let _petclinic = Petclinic::exclusive();
    let files = files(&root().join("k8s"))?;
    // a dry run makes no namespace for the objects in it
    let namespace = root().join("k8s/ingress-controller/10-namespace.yaml");
    let there = kubectl(&["get", "namespace", "nginx-ingress", "--ignore-not-found", "-o", "name"])?;
    kubectl(&["apply", "-f", &namespace.to_string_lossy()])?;
    let refused: Vec<_> =
        files.iter().filter_map(|file| kubectl(&["apply", "--dry-run=server", "-f", &file.to_string_lossy()]).err()).collect();
    if there.is_empty() {
        kubectl(&["delete", "namespace", "nginx-ingress", "--wait=false"])?;
    }
    measurement("files accepted", files.len() - refused.len());
    assert!(refused.is_empty(), "{refused:#?}");
    Ok(())
}

#[test]
fn kube_score_has_no_findings() -> Result<()> {
    let mut files = files(&root().join("k8s"))?;
    // they show how to rotate, not how to run nginx or Java
    files.retain(|file| !file.starts_with(root().join("k8s/examples")));
    let mut kube_score = Command::new("kube-score");
    let output = kube_score.args(["score", "--output-format=ci", "--exit-one-on-warning"]).args(&files).output();
    let output = output.context("kube-score is missing: e2e/run installs it")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let of = |kind: &str| said.lines().filter(|line| line.starts_with(kind)).count();
    measurement("kube-score", format!("{} OK, {} skipped", of("[OK]"), of("[SKIPPED]")));
    let findings: Vec<_> = said.lines().filter(|line| !line.starts_with("[OK]") && !line.starts_with("[SKIPPED]")).collect();
    assert!(output.status.success() && findings.is_empty(), "{}", findings.join("\n"));
    assert!(of("[OK]") > 50, "{said}");
    Ok(())
}

#[test]
fn checkov_has_no_findings() -> Result<()> {
    let mut checkov = Command::new("checkov");
    checkov.args(["--skip-download", "--compact", "--quiet", "--framework", "kubernetes", "--config-file"]);
    checkov.arg(root().join("e2e/checkov.yaml")).arg("-d").arg(root().join("k8s"));
    let output = checkov.output().context("checkov is missing: e2e/run installs it")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let summary = said.lines().find(|line| line.starts_with("Passed checks")).with_context(|| format!("{output:?}"))?;
    measurement("checkov", summary);
    assert!(output.status.success() && summary.contains("Failed checks: 0"), "{said}");
    Ok(())
}
