//! Writes numbered lines to a stream: `numbered DIRECTORY STREAM RUN COUNT [LONG [paced]]`. After each line that is written, its
//! number goes into the file ACKNOWLEDGED next to the directory. With LONG, every 100th line has that many bytes;
//! paced, each line has 60 more, and every 500th is followed by a pause of 5 ms.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use handoff::Writer;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name| arguments.next().context(name);
    let directory = PathBuf::from(next("DIRECTORY")?);
    let stream = next("STREAM")?;
    let run = next("RUN")?;
    let count: u64 = next("COUNT")?.parse()?;
    let long: usize = next("LONG").map_or(Ok(0), |long| long.parse())?;

    let is_paced = next("PACED").is_ok_and(|paced| paced == "paced");

    let writer = Writer::open(&directory, &stream)?;
    let acknowledged = File::create(directory.with_extension(format!("acknowledged.{run}")))?;
    let padding = "x".repeat(long);
    for number in 1..=count {
        let padding = if number % 100 == 0 { padding.as_str() } else { "" };
        if is_paced {
            writer.write(format!("{number} {}\n", "x".repeat(60)).as_bytes())?;
            if number % 500 == 0 {
                thread::sleep(Duration::from_millis(5));
            }
        } else {
            writer.write(format!("{run} {number}{padding}\n").as_bytes())?;
        }
        acknowledged.write_all_at(&number.to_le_bytes(), 0)?;
    }
    Ok(())
}
