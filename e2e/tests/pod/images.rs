//! The two images as built: contents, size, and their error without settings.

use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use e2e::{measurement, root};

const WEB: &str = concat!("petclinic-web:", env!("CARGO_PKG_VERSION"));
const SIDECARS: &str = concat!("petclinic-sidecars:", env!("CARGO_PKG_VERSION"));

fn docker(args: &[&str]) -> Result<Output> {
    Command::new("docker").args(args).output().context("docker does not start: is it on PATH?")
}

fn inspect(image: &str, format: &str) -> Result<String> {
    let output = docker(&["image", "inspect", "--format", format, image])?;
    ensure!(output.status.success(), "no image {image}: build it with docker build (see README.md)");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

#[test]
fn images_are_small_and_unprivileged() -> Result<()> {
    let base: u64 = inspect("debian:trixie-slim", "{{.Size}}")?.parse()?;
    for image in [WEB, SIDECARS] {
        let size: u64 = inspect(image, "{{.Size}}")?.parse()?;
        let added = size.saturating_sub(base) / 1000;
        measurement(image, format!("{added} kB on top of its base of {} kB", base / 1000));
        // 20 MiB
        assert!(added <= 20_971, "{image} adds {added} kB");

        assert_eq!(inspect(image, "{{.Config.User}}")?, "10001:10001");
        let labels = inspect(image, "{{json .Config.Labels}}")?;
        for label in ["title", "description", "version", "revision", "licenses"] {
            assert!(labels.contains(&format!("org.opencontainers.image.{label}")), "{image} has no label {label}: {labels}");
        }
        let leftovers = docker(&[
            "run",
            "--rm",
            "--entrypoint",
            "sh",
            image,
            "-c",
            "command -v cc cargo rustc curl; find /var/lib/apt/lists /var/cache/apt -type f ! -name lock",
        ])?;
        assert_eq!(String::from_utf8_lossy(&leftovers.stdout), "", "{image} has more than it needs");
    }
    Ok(())
}

#[test]
fn images_name_a_missing_setting() -> Result<()> {
    for (image, program, setting) in
        [(WEB, None, "DATABASE_URL"), (SIDECARS, None, "POD_NAME"), (SIDECARS, Some("dbinit"), "DATABASE_URL")]
    {
        let mut args = vec!["run", "--rm", "--network=none", image];
        args.extend(program);
        let output = docker(&args)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        measurement(&args.join(" "), format!("status {:?}, {}", output.status.code(), said.trim()));
        assert_eq!(output.status.code(), Some(64), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(setting), "{said}");
    }
    Ok(())
}

#[test]
fn images_share_the_build_stage() -> Result<()> {
    let stage = |file: &str| -> Result<String> {
        let text = std::fs::read_to_string(root().join(file))?;
        let end = text.find("FROM ${RUNTIME_BASE}").context("no runtime stage")?;
        Ok(text[..end].to_owned())
    };
    assert_eq!(stage("Dockerfile.web")?, stage("Dockerfile.sidecars")?);
    Ok(())
}
