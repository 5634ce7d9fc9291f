//! Templates, messages and assets: compiled in, or in development read from their folder at each request.

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

/// A text file of this crate.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// Its path within the crate.
    pub path: &'static str,
    /// Its content when the program was built.
    pub built_in: &'static str,
}

/// The [`Text`] at a path within the crate.
macro_rules! text {
    ($($path:expr),+) => {
        $crate::views::source::Text { path: concat!($($path),+), built_in: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $($path),+)) }
    };
}

/// Source of texts.
#[derive(Clone, Debug, Default)]
pub enum Source {
    /// The program itself.
    #[default]
    BuiltIn,
    /// A folder like that of this crate, where somebody edits them.
    Folder(PathBuf),
}

impl Source {
    /// Returns a text's content.
    ///
    /// # Errors
    /// The folder has no such file.
    pub fn read(&self, text: Text) -> anyhow::Result<Cow<'static, str>> {
        match self {
            Self::BuiltIn => Ok(text.built_in.into()),
            Self::Folder(folder) => {
                let path = folder.join(text.path);
                fs::read_to_string(&path).map(Cow::Owned).with_context(|| path.display().to_string())
            }
        }
    }
}

/// Source of the pages.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Settings {
    /// Folder with templates, locales and assets to read again for each request, for development; without it, those built in
    #[arg(long, env = "DEV_ASSETS_DIR", value_parser = folder)]
    pub dev_assets_dir: Option<PathBuf>,
}

impl Settings {
    /// The source that they choose.
    pub fn source(&self) -> Source {
        self.dev_assets_dir.clone().map_or(Source::BuiltIn, Source::Folder)
    }
}

fn folder(path: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(path);
    if path.join("templates").is_dir() { Ok(path) } else { Err("not a folder with templates, locales and assets".to_owned()) }
}
