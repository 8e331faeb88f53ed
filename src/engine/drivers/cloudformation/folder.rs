//! A folder with a template, as a stack.

use super::ROOT;
use super::stack::{MEMBERS, PARAMETERS, Parameter, STACK, TEMPLATES};
use crate::domain::types::location::Location;
use crate::domain::{Arn, Invalid, PointDetails};
use crate::engine::drivers::{BackupCx, Fault, Member, Part, ProbeCx, Probed, Registered, Source, documents, folder};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The largest document: CloudFormation takes templates of 1 MB.
const LARGEST: u64 = 4 << 20;

/// The most members: as many resources as a stack has.
const MOST_MEMBERS: usize = 500;

/// Looks at the folder that `resource add` was given.
pub(super) fn probe(cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
    let probed = folder::probe(cx)?;
    let path = folder::path_of(&probed.location)?;
    read(path)?;
    members_in(path)?;
    Ok(Probed { location: Location::at_path(path.to_string_lossy()), mark: None })
}

/// What the folder of a resource is made of.
pub(super) fn members(of: &Registered) -> Result<Vec<Member>, Fault> {
    let path = folder::path_of(&of.resource.location)?;
    read(path)?;
    let members = members_in(path)?;
    Ok(members.into_iter().map(|(id, arn)| Member { id, what: Part::Named(arn) }).collect())
}

/// Opens the folder of a resource: all of it is read here, since it is little.
pub(super) fn source(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let path = folder::path_of(&cx.of.resource.location)?;
    members_in(path)?;
    Ok(documents::source(ROOT, read(path)?, PointDetails::new()))
}

/// The documents of a folder.
fn read(path: &Path) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let template = TEMPLATES.into_iter().map(|name| Ok((name, document(path, name)?)));
    let mut templates = template.collect::<Result<Vec<_>, Fault>>()?;
    templates.retain(|(_, content)| content.is_some());
    let names: Vec<&str> = templates.iter().map(|(name, _)| *name).collect();
    let shown = path.display();
    match names.as_slice() {
        [] => return Err(wrong(format!("{shown} has no template: {}", TEMPLATES.join(", or ")))),
        [one] => {
            if templates.iter().flat_map(|(_, content)| content).any(Vec::is_empty) {
                return Err(wrong(format!("{one} in {shown} is empty")));
            }
        }
        more => return Err(wrong(format!("{shown} has more than one template: {}", more.join(", ")))),
    }
    let parameters = document(path, PARAMETERS)?;
    if let Some(content) = &parameters {
        serde_json::from_slice::<Vec<Parameter>>(content).map_err(|error| {
            let form = "a list of objects with ParameterKey and ParameterValue, which are texts";
            wrong(format!("{PARAMETERS} in {shown} must be {form}: {error}"))
        })?;
    }
    let others = [(PARAMETERS, parameters), (STACK, document(path, STACK)?), (MEMBERS, document(path, MEMBERS)?)];
    let all = templates.into_iter().chain(others);
    Ok(all.filter_map(|(name, content)| Some((name.to_owned(), content?))).collect())
}

/// The members of a folder, by their logical ids.
fn members_in(path: &Path) -> Result<BTreeMap<String, Arn>, Fault> {
    let Some(content) = document(path, MEMBERS)? else { return Ok(BTreeMap::new()) };
    let refuse = |rule: String| wrong(format!("{MEMBERS} in {} {rule}", path.display()));
    let told = serde_json::from_slice::<BTreeMap<String, String>>(&content);
    let told = told.map_err(|error| refuse(format!("must be an object of logical ids and ARNs: {error}")))?;
    if told.len() > MOST_MEMBERS {
        return Err(refuse(format!("must have at most {MOST_MEMBERS} members, it has {}", told.len())));
    }
    let (mut members, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for (id, text) in told {
        if id.is_empty() || id.len() > 255 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(refuse(format!("must have logical ids of letters and digits, it has {id:?}")));
        }
        let arn: Arn = text.parse().map_err(|error: Invalid| refuse(format!("says of {id}: {}", error.message)))?;
        if !taken.insert(arn.clone()) {
            return Err(refuse(format!("names {arn} twice")));
        }
        members.insert(id, arn);
    }
    Ok(members)
}

/// A document of a folder; nothing where there is none.
fn document(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    let path = folder.join(name);
    let unreadable = |error: std::io::Error| Fault::of_io(format_args!("{} cannot be read", path.display()), &error);
    match std::fs::symlink_metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // That there is no such file is known only of a folder that is there.
            return std::fs::metadata(folder).map(|_| None).map_err(unreadable);
        }
        Err(error) => return Err(unreadable(error)),
        Ok(found) if !found.is_file() => return Err(wrong(format!("{} must be a file", path.display()))),
        Ok(_) => {}
    }
    let mut content = Vec::new();
    File::open(&path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut content)).map_err(unreadable)?;
    if content.len() as u64 > LARGEST {
        return Err(wrong(format!("{} has more than {LARGEST} bytes", path.display())));
    }
    Ok(Some(content))
}

/// What is wrong with a folder.
fn wrong(rule: String) -> Fault {
    Fault::Invalid(Invalid::value("Path", rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1";

    #[test]
    fn a_folder_is_its_template_with_what_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
        write("template.yaml", "Resources: {}\n");
        write("other.txt", "not of the stack");
        assert_eq!(read(folder.path()).unwrap(), [("template.yaml".to_owned(), b"Resources: {}\n".to_vec())]);
        assert!(members_in(folder.path()).unwrap().is_empty());
        write("parameters.json", r#"[{"ParameterKey": "Size", "ParameterValue": "3"}]"#);
        write("members.json", &format!(r#"{{"Files": "{ONE}"}}"#));
        let names: Vec<String> = read(folder.path()).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["template.yaml", "parameters.json", "members.json"]);
        assert_eq!(members_in(folder.path()).unwrap()["Files"].as_str(), ONE);
    }

    #[test]
    fn what_is_wrong_with_a_folder_is_told_with_its_file() {
        for (files, told) in [
            (&[][..], "has no template: template.json, or"),
            (&[("template.json", "{}"), ("template.yaml", "a: b")][..], "more than one template"),
            (&[("template.json", "")][..], "template.json in"),
            (&[("template.json", "{}"), ("parameters.json", r#"{"Size": "3"}"#)][..], "must be a list of objects"),
            (&[("template.json", "{}"), ("members.json", "[]")][..], "must be an object of logical ids"),
            (&[("template.json", "{}"), ("members.json", r#"{"Files": "fs-1"}"#)][..], "says of Files"),
            (&[("template.json", "{}"), ("members.json", r#"{"a/b": "x"}"#)][..], "letters and digits"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            for (name, content) in files {
                std::fs::write(folder.path().join(name), content).unwrap();
            }
            let refused = read(folder.path()).map(drop).and_then(|()| members_in(folder.path()).map(drop)).unwrap_err();
            assert!(matches!(&refused, Fault::Invalid(why) if why.message.contains(told)), "{refused}");
        }
        let twice = format!(r#"{{"A": "{ONE}", "B": "{ONE}"}}"#);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("members.json"), twice).unwrap();
        assert!(members_in(folder.path()).unwrap_err().to_string().contains("twice"));
        std::fs::remove_file(folder.path().join("members.json")).unwrap();
        std::fs::create_dir(folder.path().join("template.json")).unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("must be a file"));
        assert!(read(Path::new("/nowhere")).unwrap_err().to_string().contains("cannot be read"));
    }
}
