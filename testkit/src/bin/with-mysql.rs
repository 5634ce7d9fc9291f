//! `with-mysql COMMAND…`: runs a command with a MySQL server, or with the server that `TEST_SERVER` names, which is started
//! for it and removed afterwards. `TEST_MYSQL_URL` is the server's URL. The exit status is the command's.

use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use testkit::mysql::{Server, URL_VARIABLE};

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else { bail!("usage: with-mysql COMMAND…") };
    let server = Server::start();
    let status = Command::new(&program)
        .args(arguments)
        .env(URL_VARIABLE, server.url())
        .status()
        .with_context(|| format!("{} can't be started", program.display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}
