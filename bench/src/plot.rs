//! The growth of the list as a picture: SVG that reads on light and dark pages alike.

use std::fmt::Write;

use crate::report::{Growth, ms};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
/// Where the axes' rectangle begins and ends.
const LEFT: f64 = 60.0;
const RIGHT: f64 = 570.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 300.0;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#333}.axis{stroke:#999}.grid{stroke:#8884}\
                     path{fill:none;stroke-width:2}.MySQL{stroke:#0067a8}.SQLite{stroke:#b35900}.p99{stroke-dasharray:5 4}\
                     @media(prefers-color-scheme:dark){text{fill:#ddd}.MySQL{stroke:#5ab4f0}.SQLite{stroke:#f0a050}}";

/// Which of the times.
type Figure = fn(&Growth) -> f64;

/// A line for each backend at the median and one of 99 in 100, each of the slowest page there is.
pub(crate) fn svg(growth: &[Growth]) -> String {
    let most = growth.iter().map(|one| one.owners).max().unwrap_or(10);
    let highest = round_up(growth.iter().map(|one| ms(one.p99_us)).fold(0.1, f64::max));
    let decades = (log10(most) - 1.0).max(1.0);
    let x = |owners: u64| LEFT + (log10(owners) - 1.0) / decades * (RIGHT - LEFT);
    let y = |ms: f64| BOTTOM - ms / highest * (BOTTOM - TOP);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Time of the slowest page of the owners' list by number of owners\">\n<style>{STYLE}</style>\n\
         <text x=\"{LEFT}\" y=\"20\">The slowest page of /owners?lastName=&amp;page=, in ms</text>\n"
    );
    for step in 0..=4 {
        let value = highest * f64::from(step) / 4.0;
        let at = y(value);
        // writing to a String doesn't fail
        let _ = writeln!(svg, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>");
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value:.2}</text>", LEFT - 8.0, at + 4.0);
    }
    let mut owners: Vec<u64> = growth.iter().map(|one| one.owners).collect();
    owners.dedup();
    for owners in owners {
        let at = x(owners);
        let _ = writeln!(svg, "<line class=\"axis\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{BOTTOM}\" y2=\"{}\"/>", BOTTOM + 5.0);
        let _ = writeln!(svg, "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>", BOTTOM + 22.0, grouped(owners));
    }
    let _ =
        writeln!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">owners</text>", f64::midpoint(LEFT, RIGHT), BOTTOM + 44.0);
    let mut labels = Vec::new();
    let figures: [(&str, Figure); 2] = [("p50", |one| one.p50_us), ("p99", |one| one.p99_us)];
    for backend in ["MySQL", "SQLite"] {
        for (name, figure) in figures {
            let line = slowest(growth, backend, figure);
            let Some((_, last)) = line.last() else { continue };
            let path: Vec<String> = line.iter().map(|(owners, time)| format!("{:.1} {:.1}", x(*owners), y(*time))).collect();
            let _ = writeln!(svg, "<path class=\"{backend} {name}\" d=\"M{}\"/>", path.join("L"));
            labels.push((y(*last) + 4.0, format!("{backend} {name}")));
        }
    }
    // one above the other, where lines end at the same height
    labels.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut free = BOTTOM + 4.0;
    for (wanted, label) in labels {
        let at = wanted.min(free);
        free = at - 16.0;
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{at:.1}\">{label}</text>", RIGHT + 8.0);
    }
    svg + "</svg>\n"
}

/// Milliseconds of the slowest page at each number of owners.
fn slowest(growth: &[Growth], backend: &str, figure: Figure) -> Vec<(u64, f64)> {
    let mut line: Vec<(u64, f64)> = Vec::new();
    for one in growth.iter().filter(|one| one.backend == backend) {
        let time = ms(figure(one));
        match line.last_mut() {
            Some((owners, slowest)) if *owners == one.owners => *slowest = slowest.max(time),
            _ => line.push((one.owners, time)),
        }
    }
    line
}

fn log10(owners: u64) -> f64 {
    f64::from(u32::try_from(owners).unwrap_or(u32::MAX)).log10()
}

/// The next number up that is 1, 2 or 4 times a power of ten.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 4.0, 10.0].map(|step| step * power).into_iter().find(|rounded| *rounded >= value).unwrap_or(value)
}

/// 1000000 → 1 000 000
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_backend_has_a_line_of_its_slowest_pages() {
        let one = |backend, owners, page, p50_us| Growth {
            backend,
            owners,
            page,
            p50_us,
            p99_us: p50_us * 2.0,
            seed_p50_us: 1.0,
            seed_p99_us: 1.0,
        };
        let growth = [one("MySQL", 10, "first", 500.0), one("MySQL", 10, "last", 700.0), one("MySQL", 1_000_000, "first", 600.0)];
        assert_eq!(slowest(&growth, "MySQL", |one| one.p50_us), [(10, 0.7), (1_000_000, 0.6)]);
        let svg = svg(&growth);
        assert_eq!((svg.matches("<path").count(), svg.matches("</text>").count()), (2, 1 + 5 + 2 + 1 + 2), "{svg}");
        assert!(svg.contains("M60.0 ") && svg.contains("L570.0 ") && svg.contains(">1 000 000<"), "{svg}");
    }

    #[test]
    fn scales_end_at_round_numbers() {
        for (value, end) in [(0.1, 0.1), (0.3, 0.4), (1.5, 2.0), (4.1, 10.0), (37.0, 40.0)] {
            assert!((round_up(value) - end).abs() < 1e-9, "{value}");
        }
    }
}
