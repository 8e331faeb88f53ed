//! Every operation of AWS's model, in both spellings of its path.

use crate::harness::Server;

/// Name, method, path as in AWS's model, status of success, and what this engine does: `built`, `empty` (a list of what
/// cannot exist here) or `refused`.
const OPERATIONS: &str = include_str!("operations.txt");

struct Operation {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    what: &'static str,
}

fn operations() -> Vec<Operation> {
    let operations: Vec<Operation> = OPERATIONS
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            let [name, method, path, _, what] = fields[..] else { panic!("{line}") };
            Operation { name, method, path, what }
        })
        .collect();
    assert_eq!(operations.len(), 115);
    operations
}

/// The path with something plausible in place of its variables, with and without the slash at its end.
fn spellings(path: &str) -> [String; 2] {
    let (path, query) = path.split_once('?').map_or((path, String::new()), |(path, query)| (path, format!("?{query}")));
    let filled: Vec<&str> = path
        .trim_end_matches('/')
        .split('/')
        .map(|segment| match segment {
            "{backupVaultName}" => "Default",
            variable if variable.starts_with('{') && variable.to_lowercase().contains("arn") => {
                "arn%3Aaws%3Abackup%3Aus-east-1%3A123456789012%3Arecovery-point%3Anone"
            }
            variable if variable.starts_with('{') => "none",
            fixed => fixed,
        })
        .collect();
    [format!("{}{query}", filled.join("/")), format!("{}/{query}", filled.join("/"))]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_is_not_built_is_refused_by_its_name() {
    let server = Server::start().await;
    for operation in operations().into_iter().filter(|operation| operation.what == "refused") {
        for path in spellings(operation.path) {
            let answer = server.call(operation.method, &path, "").await;
            let expected = format!("{} is not supported by this engine", operation.name);
            assert_eq!(answer.error(), (400, "InvalidRequestException".to_owned(), expected), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_what_cannot_exist_is_empty() {
    let server = Server::start().await;
    for operation in operations().into_iter().filter(|operation| operation.what == "empty") {
        for path in spellings(operation.path) {
            let answer = server.call(operation.method, &path, "").await;
            assert_eq!(answer.status(), 200, "{path}: {answer:?}");
            let body = answer.json();
            let lists: Vec<_> = body.as_object().unwrap().values().collect();
            assert!(lists.len() == 1 && lists[0].as_array().is_some_and(Vec::is_empty), "{path}: {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_is_built_is_found_in_both_spellings() {
    let server = Server::start().await;
    for operation in operations().into_iter().filter(|operation| operation.what == "built") {
        // Nothing that this test sends may delete what the next spelling asks for.
        if operation.name == "DeleteBackupVault" {
            continue;
        }
        let mut answers = Vec::new();
        for path in spellings(operation.path) {
            let answer = server.call(operation.method, &path, "").await;
            assert!(answer.status() < 500, "{}: {answer:?}", operation.name);
            assert_ne!(
                answer.header("x-amzn-errortype"),
                "UnknownOperationException",
                "{}: {answer:?}",
                operation.name
            );
            assert!(!answer.text().contains("is not supported"), "{}: {answer:?}", operation.name);
            answers.push((answer.status(), answer.header("x-amzn-errortype").to_owned()));
        }
        assert_eq!(answers[0], answers[1], "{}", operation.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_path_or_method_is_an_unknown_operation() {
    let server = Server::start().await;
    for (method, path) in [
        ("GET", "/"),
        ("POST", "/"),
        ("GET", "/nothing"),
        ("PATCH", "/backup-vaults"),
        ("GET", "/backup-vaults//recovery-points"),
        ("GET", "/backup-vaults/a/b/c/d"),
        ("POST", "/service/Nothing/operation/Nothing"),
    ] {
        let answer = server.call(method, path, "").await;
        assert_eq!(answer.status(), 404, "{method} {path}: {answer:?}");
        assert_eq!(answer.header("x-amzn-errortype"), "UnknownOperationException", "{method} {path}");
    }
}
