//! Reads the settings, starts, and turns the result into an exit status.

use std::process::ExitCode;

use web::config::{self, Config};

fn main() -> ExitCode {
    let config: Config = runtime::settings::parse(config::RENAMED);
    match web::program::run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("web: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}
