//! The manifests themselves: checkers, and the API server's own opinion of every file of every folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use e2e::kubectl::{feed, kubectl};
use e2e::petclinic::Petclinic;
use e2e::{figure, root};

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
fn proof_10_the_api_server_accepts_every_file() -> Result<()> {
    let _petclinic = Petclinic::alone();
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
    figure("files accepted", files.len() - refused.len());
    assert!(refused.is_empty(), "{refused:#?}");

    let made = Command::new(root().join("k8s/new-passwords")).output()?;
    ensure!(made.status.success(), "{made:?}");
    let secret = String::from_utf8(made.stdout)?;
    let said = feed(&["apply", "--dry-run=server", "-f", "-"], &secret)?;
    assert!(said.contains("secret/petclinic-database"), "{said}");
    Ok(())
}

#[test]
fn proof_10_kube_score_finds_nothing() -> Result<()> {
    let files = files(&root().join("k8s"))?;
    let tool =
        tool("kube-score", || run(Command::new("go").args(["install", "github.com/zegl/kube-score/cmd/kube-score@v1.20.0"])))?;
    let output = Command::new(tool).args(["score", "--output-format=ci", "--exit-one-on-warning"]).args(&files).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let of = |kind: &str| said.lines().filter(|line| line.starts_with(kind)).count();
    figure("kube-score", format!("{} OK, {} skipped", of("[OK]"), of("[SKIPPED]")));
    let findings: Vec<_> = said.lines().filter(|line| !line.starts_with("[OK]") && !line.starts_with("[SKIPPED]")).collect();
    assert!(output.status.success() && findings.is_empty(), "{}", findings.join("\n"));
    assert!(of("[OK]") > 50, "{said}");
    Ok(())
}

#[test]
fn proof_10_checkov_finds_nothing() -> Result<()> {
    let tool = tool("checkov", || run(Command::new("pip").args(["install", "--quiet", "checkov"])))?;
    let output = Command::new(tool)
        .args(["--skip-download", "--compact", "--quiet", "--framework", "kubernetes", "-d"])
        .arg(root().join("k8s"))
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let summary = said.lines().find(|line| line.starts_with("Passed checks")).with_context(|| format!("{output:?}"))?;
    figure("checkov", summary);
    assert!(output.status.success() && summary.contains("Failed checks: 0"), "{said}");
    Ok(())
}

/// The command, from PATH or where Go puts it, installed where it is missing.
fn tool(name: &str, install: impl FnOnce() -> Result<()>) -> Result<PathBuf> {
    let find = || {
        let mut places: Vec<_> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
        places.push(PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join("go/bin"));
        places.into_iter().map(|place| place.join(name)).find(|path| path.exists())
    };
    if find().is_none() {
        eprintln!("    {name} is missing: installing it");
        install()?;
    }
    find().with_context(|| format!("{name} is not on PATH"))
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
