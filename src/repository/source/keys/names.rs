//! Names that a file can have for keys of any bytes, and back. This is the only place where that is done.
//!
//! A key is taken apart at its slashes, as people read it: `photos/2024/a.jpg` is the file `a.jpg` in two folders. What a
//! file system or restic cannot have as a name is written in a way that can be read back:
//!
//! | in the key | in the name |
//! | --- | --- |
//! | `%`, a control character, a byte that is not UTF-8 | `%` and its two hexadecimal digits |
//! | a component `.` or `..` | `%2E`, `%2E%2E` |
//! | an empty component: `a//b`, `/x`, `x/`, or no key at all | `%` |
//! | a component too long for a name | parts, each in the folder of the one before; all but the last end with `%+` |
//! | a key `a` beside a key `a/b`: a file and a folder of one name | the file's name ends with `%~` |
//!
//! Since a percent sign of the key always has two digits behind it, the last three can never be mistaken for one.

/// No name gets longer, in bytes; most file systems take 255.
const LONGEST: usize = 250;
/// Ends a part of a long name.
pub(super) const CONTINUED: &[u8] = b"%+";
/// Ends the name of a file beside a folder of the same name.
pub(super) const BESIDE: &[u8] = b"%~";
const EMPTY: &[u8] = b"%";

/// The names on the way to a key's file, outermost first. There is at least one.
pub(super) fn names_of(key: &[u8]) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    for component in key.split(|byte| *byte == b'/') {
        let mut name = Vec::with_capacity(component.len());
        for unit in units(component) {
            if name.len() + unit.len() > LONGEST {
                name.extend_from_slice(CONTINUED);
                names.push(std::mem::take(&mut name));
            }
            name.extend_from_slice(&unit);
        }
        names.push(if name.is_empty() { EMPTY.to_vec() } else { name });
    }
    names
}

/// The key of the file at these names; nothing where they are no key's.
pub(super) fn key_of<'n>(names: impl Iterator<Item = &'n [u8]>) -> Option<Vec<u8>> {
    let names: Vec<&[u8]> = names.collect();
    let (last, folders) = names.split_last()?;
    let last = last.strip_suffix(BESIDE).unwrap_or(last);
    let mut key = Vec::new();
    for (number, name) in folders.iter().copied().chain([last]).enumerate() {
        let continued = name.strip_suffix(CONTINUED);
        key.extend(unescape(continued.unwrap_or(name))?);
        if number < folders.len() && continued.is_none() {
            key.push(b'/');
        }
    }
    // Each key has one way of being written: nothing else is taken for it.
    names_of(&key).iter().map(Vec::as_slice).eq(folders.iter().copied().chain([last])).then_some(key)
}

/// The beginning of a key as part of one name of at most so many bytes, slashes written too, and whether that is all of it.
pub(super) fn beginning(key: &[u8], longest: usize) -> (Vec<u8>, bool) {
    let mut name = Vec::new();
    for (number, component) in key.split(|byte| *byte == b'/').enumerate() {
        let slash = (number > 0).then(|| b"%2F".to_vec());
        for unit in slash.into_iter().chain(units(component)) {
            if name.len() + unit.len() > longest {
                return (name, false);
            }
            name.extend_from_slice(&unit);
        }
    }
    (name, true)
}

/// What a component is written as, in units that must not be taken apart.
fn units(component: &[u8]) -> Vec<Vec<u8>> {
    let dots = component == b"." || component == b"..";
    let mut units = Vec::new();
    for chunk in component.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character == '%' || character.is_ascii_control() || dots {
                units.push(escaped(character as u8));
            } else {
                units.push(character.encode_utf8(&mut [0; 4]).as_bytes().to_vec());
            }
        }
        units.extend(chunk.invalid().iter().map(|byte| escaped(*byte)));
    }
    units
}

fn escaped(byte: u8) -> Vec<u8> {
    format!("%{byte:02X}").into_bytes()
}

/// The bytes that a name stands for, its endings taken off.
pub(super) fn unescape(name: &[u8]) -> Option<Vec<u8>> {
    if name == EMPTY {
        return Some(Vec::new());
    }
    let mut key = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            key.push(byte);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        key.push((digit(digits[0])? * 16 + digit(digits[1])?) as u8);
        rest = after;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::repository::item_path::is_name;

    fn path(key: &[u8]) -> String {
        let names = names_of(key);
        names.iter().map(|name| std::str::from_utf8(name).unwrap()).collect::<Vec<_>>().join(" / ")
    }

    #[test]
    fn keys_become_the_folders_that_people_read_in_them_and_hostile_ones_are_made_safe() {
        for (key, names) in [
            (&b"photos/2024/a b.jpg"[..], "photos / 2024 / a b.jpg"),
            (b"", "%"),
            (b"/", "% / %"),
            (b"a//b", "a / % / b"),
            (b"../../etc/passwd", "%2E%2E / %2E%2E / etc / passwd"),
            (b"./...", "%2E / ..."),
            (b"folder/", "folder / %"),
            (b"100%", "100%25"),
            (b"\xff\0\n", "%FF%00%0A"),
            ("größe".as_bytes(), "größe"),
        ] {
            assert_eq!(path(key), names);
            assert_eq!(key_of(names_of(key).iter().map(Vec::as_slice)).unwrap(), key);
        }
    }

    #[test]
    fn a_name_too_long_for_a_file_goes_on_in_a_folder() {
        let key = ["é".repeat(200), "x".repeat(250), "y".repeat(251)].join("/").into_bytes();
        let names = names_of(&key);
        assert_eq!(names.iter().map(Vec::len).collect::<Vec<_>>(), [252, 150, 250, 252, 1]);
        assert_eq!(key_of(names.iter().map(Vec::as_slice)).unwrap(), key);
    }

    #[test]
    fn what_no_key_is_written_as_is_none() {
        for names in [&["a%2fb"][..], &["%41"], &["a%"], &["a%+"], &["."], &["%2"], &["%+", "a"], &["a%~", "b"], &[]] {
            assert_eq!(key_of(names.iter().map(|name| name.as_bytes())), None, "{names:?}");
        }
        assert_eq!(key_of([&b"a%~"[..]].into_iter()).unwrap(), b"a", "the file beside a folder");
    }

    fn key() -> impl Strategy<Value = Vec<u8>> {
        let hostile = proptest::collection::vec(
            prop_oneof![Just(b'/'), Just(b'.'), Just(b'%'), Just(b'a'), Just(b'+'), Just(b'~'), any::<u8>()],
            0..30,
        );
        let long = (hostile.clone(), 0..600_usize).prop_map(|(key, length)| [key, vec![b'%'; length]].concat());
        prop_oneof![4 => hostile, 1 => long]
    }

    proptest! {
        #[test]
        fn every_key_comes_back_and_its_names_are_names(key in key()) {
            let names = names_of(&key);
            for name in &names {
                prop_assert!(is_name(name) && name.len() <= 253 && std::str::from_utf8(name).is_ok(), "{name:?}");
            }
            prop_assert_eq!(key_of(names.iter().map(Vec::as_slice)).unwrap(), key.clone());
            let (last, folders) = names.split_last().unwrap();
            let beside = [last.as_slice(), BESIDE].concat();
            prop_assert_eq!(key_of(folders.iter().map(Vec::as_slice).chain([beside.as_slice()])).unwrap(), key);
        }

        #[test]
        fn different_keys_lie_at_different_names(a in key(), b in key()) {
            prop_assert_eq!(a == b, names_of(&a) == names_of(&b));
        }

        #[test]
        fn a_beginning_is_the_keys(key in key(), longest in 0..60_usize) {
            let (name, all) = beginning(&key, longest);
            prop_assert!(name.len() <= longest && !name.contains(&b'/') && std::str::from_utf8(&name).is_ok());
            let back = unescape(&name).unwrap();
            prop_assert!(key.starts_with(&back));
            prop_assert_eq!(all, back.len() == key.len());
        }
    }
}
