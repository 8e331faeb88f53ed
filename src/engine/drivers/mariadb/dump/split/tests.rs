use super::*;
use crate::engine::drivers::mariadb::dump::files::Database;

fn said(what: &str) -> String {
    format!("--\n-- {what}\n--\n\n")
}

fn listed() -> Listed {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Listed(
        [
            (
                "a".to_owned(),
                Database { tables: names(&["t", "x`y"]), sequences: names(&["s", "z"]), views: names(&["v"]) },
            ),
            ("b".to_owned(), Database::default()),
        ]
        .into(),
    )
}

fn dump(of_t: &str) -> Vec<String> {
    [
        "SET NAMES;\n",
        &said("Current Database: `a`"),
        "USE `a`;\n",
        &said("Sequence structure for `s`"),
        "SEQUENCE s;\n",
        &said("Sequence structure for `z`"),
        "SEQUENCE z;\n",
        &said("Table structure for table `t`"),
        "CREATE t;\n",
        &said("Dumping data for table `t`"),
        of_t,
        &said("Table structure for table `x``y`"),
        "CREATE x;\n",
        &said("Temporary table structure for view `v`"),
        "PLACE v;\n",
        &said("Dumping events for database 'a'"),
        &said("Dumping routines for database 'a'"),
        "ROUTINE;\n",
        &said("Current Database: `b`"),
        &said("Dumping events for database 'b'"),
        &said("Dumping routines for database 'b'"),
        &said("Current Database: `a`"),
        "USE `a`;\n",
        &said("Final view structure for view `v`"),
        "VIEW v;\n",
        &said("Current Database: `b`"),
        "SET back;\n-- Dump completed\n",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn divided(dump: &[String]) -> io::Result<Vec<(String, String)>> {
    let text = dump.concat();
    let mut split = Split::new(text.as_bytes(), listed());
    let mut found = Vec::new();
    while let Some(path) = split.next()? {
        let (mut content, mut buffer) = (Vec::new(), [0; 7]);
        while let read @ 1.. = split.read(&mut buffer)? {
            content.extend_from_slice(&buffer[..read]);
        }
        let lines = String::from_utf8(content).unwrap();
        let told = lines.lines().filter(|line| !line.starts_with("--") && !line.is_empty());
        found.push((path.to_string_lossy().into_owned(), told.collect::<Vec<_>>().join(" ")));
    }
    Ok(found)
}

#[test]
fn each_file_has_what_it_needs_to_be_run_alone() {
    let found = divided(&dump("-- ROWS;\nROWS;\n")).unwrap();
    let expected = [
        ("a.sequences.sql", "SET NAMES; USE `a`; SEQUENCE s; SEQUENCE z;"),
        ("a/t.sql", "SET NAMES; USE `a`; CREATE t; ROWS;"),
        ("a/x%60y.sql", "SET NAMES; USE `a`; CREATE x;"),
        ("a/v.sql", "SET NAMES; USE `a`; PLACE v;"),
        ("a.routines.sql", "SET NAMES; USE `a`; ROUTINE;"),
        ("b.routines.sql", "SET NAMES;"),
        ("a.views.sql", "SET NAMES; USE `a`; VIEW v;"),
    ];
    assert_eq!(found, expected.map(|(path, text)| (path.to_owned(), text.to_owned())));
}

#[test]
fn a_row_may_be_longer_than_any_line_that_says_something() {
    let row = format!("({});\n", "x".repeat(100_000));
    let found = divided(&dump(&row)).unwrap();
    assert!(found[1].1.len() > 100_000);
    // Where a long line is cut, what follows is no line of its own.
    let planted = format!("{}--\n-- Table structure for table `t`\n--\n", "x".repeat(LONGEST as usize));
    assert!(divided(&dump(&planted)).unwrap()[1].1.starts_with("SET NAMES; USE `a`; CREATE t; xxx"));
}

#[test]
fn what_is_planted_to_look_like_another_file_is_found_out() {
    for (planted, told) in [
        ("Table structure for table `t`", "comes twice"),
        ("Table structure for table `x``y`", "comes twice"),
        ("Table structure for table `new`", "was made meanwhile"),
        ("Temporary table structure for view `v`", "comes twice"),
        ("Dumping data for table `x``y`", "comes where it should not"),
        ("Sequence structure for `s`", "comes where it should not"),
        ("Dumping events for database 'a'", "comes where it should not"),
        ("Dumping routines for database 'a'", "come where they should not"),
        ("Current Database: `b`", "comes where it should not"),
        ("Current Database: `c`", "was made meanwhile"),
        ("Final view structure for view `v`", "comes where it should not"),
    ] {
        let refused = divided(&dump(&said(planted))).unwrap_err().to_string();
        assert!(refused.contains(told), "{planted}: {refused}");
    }
}

#[test]
fn what_is_missing_is_told() {
    let whole = dump("ROWS;\n");
    for left_out in [3, 5, 11, 16, 23, 26] {
        let mut dump = whole.clone();
        dump.remove(left_out);
        assert!(divided(&dump).is_err(), "{}", whole[left_out]);
    }
    for length in 0..whole.len() {
        assert!(divided(&whole[..length]).is_err(), "{length}");
    }
}
