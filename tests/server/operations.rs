//! Every operation of AWS's model, in both spellings of its path.

use crate::harness::Server;

/// Name, method, path as in AWS's model, status of success, what this engine does: `built`, `empty` (a list of what cannot
/// exist here), `absent` (a read of what cannot exist here), `approval` (refused, as an approval team would have to say yes)
/// or `refused`; and the letters of the exceptions that the model
/// lists beside ServiceUnavailableException: A(lreadyExists), C(onflict), D(ependencyFailure), L(imitExceeded),
/// M(issingParameterValue), N (ResourceNotFound), R (InvalidRequest), S (InvalidResourceState), V (InvalidParameterValue).
const OPERATIONS: &str = include_str!("operations.txt");

struct Operation {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    what: &'static str,
    exceptions: &'static str,
}

impl Operation {
    /// The first of these exceptions that the model lists, by their letters; else AWS's common one.
    fn first_of(&self, wanted: &str) -> String {
        let name = match wanted.chars().find(|letter| self.exceptions.contains(*letter)) {
            Some('N') => "ResourceNotFoundException",
            Some('R') => "InvalidRequestException",
            Some('V') => "InvalidParameterValueException",
            _ => "ValidationException",
        };
        name.to_owned()
    }
}

fn operations() -> Vec<Operation> {
    let operations: Vec<Operation> = OPERATIONS
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            let [name, method, path, _, what, exceptions] = fields[..] else { panic!("{line}") };
            Operation { name, method, path, what, exceptions }
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
            assert_eq!(answer.error(), (400, operation.first_of("RV"), expected), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_approval_team_would_have_to_approve_is_refused_for_that_reason() {
    let server = Server::start().await;
    let mut asked = 0;
    for operation in operations().into_iter().filter(|operation| operation.what == "approval") {
        for path in spellings(operation.path) {
            let (status, code, message) = server.call(operation.method, &path, "").await.error();
            assert_eq!((status, code), (400, operation.first_of("RV")), "{path}");
            assert!(message.starts_with(operation.name) && message.contains("approval team"), "{message}");
            asked += 1;
        }
    }
    assert_eq!(asked, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_what_cannot_exist_is_empty() {
    let server = Server::start().await;
    for operation in operations().into_iter().filter(|operation| operation.what == "empty") {
        for path in spellings(operation.path) {
            let answer = server.call(operation.method, &path, "").await;
            assert_eq!(answer.status(), 200, "{path}: {answer:?}");
            let body = answer.json();
            let lists: Vec<_> = body.as_object().unwrap().values().filter(|value| !value.is_string()).collect();
            assert!(lists.len() == 1 && lists[0].as_array().is_some_and(Vec::is_empty), "{path}: {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_takes_no_wrong_question() {
    let server = Server::start().await;
    for operation in operations().into_iter().filter(|operation| operation.what == "empty") {
        let camel = server.call(operation.method, &format!("{}?maxResults=5", spellings(operation.path)[0]), "").await;
        for wrong in
            ["MaxResults=abc", "MaxResults=0", "MaxResults=-1", "MaxResults=1001", "NextToken=made-up", "Bogus=1"]
        {
            let spelled = if camel.status() == 200 && !wrong.starts_with('B') {
                format!("{}{}", wrong[..1].to_lowercase(), &wrong[1..])
            } else {
                wrong.to_owned()
            };
            let path = format!("{}?{spelled}", spellings(operation.path)[0]);
            let (status, code, message) = server.call(operation.method, &path, "").await.error();
            assert_eq!((status, code.as_str()), (400, "InvalidParameterValueException"), "{path}: {message}");
            let named = spelled.split('=').next().unwrap().to_lowercase();
            assert!(message.to_lowercase().contains(&named), "{path}: {message}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_of_what_cannot_exist_finds_nothing_as_in_aws() {
    let server = Server::start().await;
    for operation in operations().into_iter().filter(|operation| operation.what == "absent") {
        for path in spellings(operation.path) {
            let query = if operation.name == "GetPITRMalwareScanResults" {
                "?BackupVaultName=Default&RecoveryPointArn=arn%3Aaws%3Abackup%3Aus-east-1%3A123456789012%3Arecovery-point%3Anone"
            } else {
                ""
            };
            let (status, code, message) = server.call(operation.method, &format!("{path}{query}"), "").await.error();
            assert_eq!((status, code), (400, operation.first_of("NRV")), "{path}: {message}");
            assert!(!message.contains("not supported"), "{path}: {message}");
        }
    }
    let (_, _, message) = server.call("GET", "/backup-vaults/Default/access-policy", "").await.error();
    let vault = "arn:aws:backup:us-east-1:123456789012:backup-vault:Default";
    assert_eq!(message, format!("Backup Vault {vault} has no associated POLICY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_vault_is_told_in_one_way_by_all_that_only_reads() {
    let server = Server::start().await;
    for path in [
        "/backup-vaults/nope",
        "/backup-vaults/nope/recovery-points",
        "/backup-vaults/nope/resources",
        "/backup-vaults/nope/access-policy",
        "/backup-vaults/nope/notification-configuration",
        "/backup-vaults/nope/recovery-points/arn%3Aaws%3Abackup%3Aus-east-1%3A123456789012%3Arecovery-point%3Ax",
        "/backup-vaults/nope/recovery-points/arn%3Aaws%3Abackup%3Aus-east-1%3A123456789012%3Arecovery-point%3Ax/restore-metadata",
        "/backup-vaults/nope/recovery-points/arn%3Aaws%3Abackup%3Aus-east-1%3A123456789012%3Arecovery-point%3Ax/index",
        "/logically-air-gapped-backup-vaults/nope/restore-access-backup-vaults",
    ] {
        let expected = "Insufficient privileges to perform this action.".to_owned();
        let answer = server.call("GET", path, "").await;
        assert_eq!(answer.error(), (403, "AccessDeniedException".to_owned(), expected), "{path}");
    }
    let answer = server.call("DELETE", "/backup-vaults/nope", "").await;
    let expected = "Backup vault nope does not exist.".to_owned();
    assert_eq!(answer.error(), (400, "ResourceNotFoundException".to_owned(), expected));
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
