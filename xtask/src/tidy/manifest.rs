//! As much of `Cargo.toml` as the rules need.

use super::Tree;

/// One dependency line.
#[derive(Debug, PartialEq, Eq)]
pub struct Dependency {
    pub name: String,
    /// The manifest's table: `dependencies`, `dev-dependencies`, `build-dependencies`.
    pub table: String,
    /// What follows the name.
    pub spec: String,
    pub line: usize,
}

impl Dependency {
    pub fn is_dev(&self) -> bool {
        self.table == "dev-dependencies"
    }

    /// The package's name: that of `package = "..."` when it is renamed.
    pub fn package(&self) -> &str {
        self.spec
            .split_once("package = \"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map_or(&self.name, |(package, _)| package)
    }

    pub fn is_internal(&self) -> bool {
        self.name == "mercato" || self.name.starts_with("mercato-")
    }

    pub fn is_inherited(&self) -> bool {
        self.spec.contains("workspace = true")
    }
}

/// A package's manifest.
pub struct Manifest<'a> {
    pub path: &'a str,
    pub text: &'a str,
    pub name: &'a str,
    pub dependencies: Vec<Dependency>,
}

/// The manifests of all packages but the workspace root's.
pub fn members(tree: &Tree) -> Vec<Manifest<'_>> {
    tree.files()
        .filter(|(path, _)| path.ends_with("/Cargo.toml"))
        .filter_map(|(path, text)| {
            let name =
                text.lines().find_map(|l| l.strip_prefix("name = \""))?.trim_end_matches('"');
            Some(Manifest { path, text, name, dependencies: dependencies(text) })
        })
        .collect()
}

/// All dependency lines of a manifest, in every table (also those of targets).
pub fn dependencies(text: &str) -> Vec<Dependency> {
    let mut all = Vec::new();
    let mut table = String::new();
    let mut open = 0i32;
    for (i, raw) in text.lines().enumerate() {
        let line = raw.split('#').next().unwrap_or_default().trim();
        if open > 0 {
            // A value that goes on over several lines belongs to the dependency above.
            if let Some(last) = all.last_mut() {
                let last: &mut Dependency = last;
                last.spec.push_str(line);
            }
        } else if let Some(header) = line.strip_prefix('[') {
            table = header.trim_matches(['[', ']']).to_owned();
            let (head, name) = table.rsplit_once('.').unwrap_or(("", &table));
            if kind(head).is_some() && head != "workspace" {
                // [dependencies.name]
                all.push(Dependency {
                    name: name.to_owned(),
                    table: kind(head).unwrap_or_default().to_owned(),
                    spec: String::new(),
                    line: i + 1,
                });
            }
            continue;
        } else if let (Some(kind), Some((key, spec))) = (kind(&table), line.split_once('=')) {
            let (name, dotted) = key.trim().split_once('.').unwrap_or((key.trim(), ""));
            let spec = format!("{dotted} = {}", spec.trim());
            all.push(Dependency {
                name: name.to_owned(),
                table: kind.to_owned(),
                spec: spec.trim_start_matches(" = ").to_owned(),
                line: i + 1,
            });
        } else {
            continue;
        }
        open += line.matches(['[', '{']).count() as i32 - line.matches([']', '}']).count() as i32;
    }
    all
}

fn kind(table: &str) -> Option<&'static str> {
    let last = table.rsplit('.').next()?;
    ["dependencies", "dev-dependencies", "build-dependencies"].into_iter().find(|k| *k == last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependency_lines_of_every_shape_are_read() {
        let text = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\nb = { workspace = true, features = [\n  \"f\",\n] } # why\n\
                    [target.'cfg(unix)'.dev-dependencies]\nc = \"1\"\n[features]\nd = []\n";
        let got: Vec<(String, bool, bool)> = dependencies(text)
            .into_iter()
            .map(|d| (d.name.clone(), d.is_dev(), d.is_inherited()))
            .collect();
        let want = [("a", false, true), ("b", false, true), ("c", true, false)];
        assert_eq!(got, want.map(|(n, d, i)| (n.to_owned(), d, i)));
    }

    #[test]
    fn a_renamed_dependency_is_known_by_its_package() {
        let d = dependencies("[dependencies]\nfast = { package = \"slow\", version = \"1\" }\n");
        assert_eq!(d[0].package(), "slow");
    }
}
