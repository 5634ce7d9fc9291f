//! Templates, messages and assets as they are edited, without a rebuild.

use std::fs;
use std::path::Path;

use crate::support::Web;

/// A copy of what web reads from its folder.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in ["templates", "locales", "assets"] {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(part), &folder.path().join(part));
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.as_ref().unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(path, to).unwrap();
        }
    }
}

#[test]
fn template_edit_shows_on_next_request() {
    let folder = folder();
    let web = Web::start(&["--dev-assets-dir", folder.path().to_str().unwrap(), "--git-commit", "0123abc"]);
    let client = testkit::http::client();
    let get = |path: &str| {
        let answer = client.get(web.url(path)).send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    let edit = |file: &str, from: &str, to: &str| {
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file}");
        fs::write(path, text.replace(from, to)).unwrap();
    };
    assert!(get("/").1.contains("Welcome to Petclinic"));
    assert!(get("/api/info").1.contains("\"commit\":\"0123abc\""));

    edit("locales/en/petclinic.ftl", "Welcome to Petclinic", "Good morning");
    edit("templates/home.hbs", "<section class=\"hero\">", "<section class=\"hero wide\">");
    let (status, page) = get("/");
    assert!(status == 200 && page.contains("Good morning") && page.contains("hero wide"), "{page}");

    let style = |page: &str| page.split('"').find(|part| part.starts_with("/resources/style.")).unwrap().to_owned();
    edit("assets/style.css", "--radius: 14px", "--radius: 3px");
    let edited = style(&get("/").1);
    assert_ne!(edited, style(&page), "browsers see another name");
    assert!(get(&edited).1.contains("--radius: 3px"));

    edit("templates/home.hbs", "{{t \"home-lead\"}}", "{{t \"home-load\"}}");
    let (status, mistake) = get("/");
    assert!(status == 500 && mistake.contains("templates/home.hbs") && mistake.contains("home-load"), "{mistake}");
    edit("templates/home.hbs", "home-load", "home-lead");
    edit("templates/home.hbs", "<h1>", "{{#if x}}<h1>");
    let (status, mistake) = get("/");
    assert!(status == 500 && mistake.contains("home"), "{mistake}");
    assert_eq!(get("/vets").0, 200);
    fs::remove_file(folder.path().join("locales/en/petclinic.ftl")).unwrap();
    let (status, mistake) = get("/");
    assert!(status == 500 && mistake.contains("locales/en/petclinic.ftl"), "{mistake}");
}
