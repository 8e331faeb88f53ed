//! What a service does that speaks CloudFormation's protocol, told by a stand-in: pages of answers, stacks that change, change sets whose
//! answer is lost. Against a real one the driver is tried in `tests/e2e/test_cloudformation.py`.

use super::client::Client;
use super::{CloudFormation, location};
use crate::domain::types::cloudformation::FACTS;
use crate::domain::{PointDetails, Resource, Scope, Secret, Tags};
use crate::engine::drivers::http::stand_in::{Asked, StandIn, Told};
use crate::engine::drivers::http::{BRIEF, Element};
use crate::engine::drivers::{
    BackupCx, Composite as _, Driver as _, Fault, Inside, Part, PointFacts, ProbeCx, Registered, RestoreCx, Restored,
    Sink,
};
use crate::repository::{
    BackupRequest, ChunkerParameters, Control, Id, ItemPath, LocalStorage, MasterKey, Options, Repository,
    RestoreRequest, Wanted,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

const ID: &str = "arn:aws:cloudformation:us-east-1:000000000000:stack/shop/0a1b";

fn answer(operation: &str, inner: &str) -> Told {
    Told::of(200, format!("<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>"))
}

fn refusal(status: u16, code: &str, message: &str) -> Told {
    Told::of(
        status,
        format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"),
    )
}

fn is(asked: &Asked, operation: &str) -> bool {
    asked.body.starts_with(&format!("Action={operation}&"))
}

fn described(status: &str, updated: &str) -> Told {
    let stack = format!(
        "<Stacks><member><StackId>{ID}</StackId><StackStatus>{status}</StackStatus><LastUpdatedTime>{updated}</LastUpdatedTime>\
         <Parameters><member><ParameterKey>Key</ParameterKey><ParameterValue>****</ParameterValue></member></Parameters>\
         <Capabilities><member>CAPABILITY_IAM</member></Capabilities></member></Stacks>"
    );
    answer("DescribeStacks", &stack)
}

fn resource(id: &str, status: &str) -> String {
    format!(
        "<member><LogicalResourceId>{id}</LogicalResourceId><PhysicalResourceId>p-{id}</PhysicalResourceId>\
         <ResourceType>AWS::S3::Bucket</ResourceType><ResourceStatus>{status}</ResourceStatus></member>"
    )
}

/// A service with a stack that is in this state, and whose time of change is told by how often it was asked.
fn service(status: &'static str, updated: fn(usize) -> &'static str) -> StandIn {
    let asked_before = AtomicUsize::new(0);
    StandIn::that(move |asked| {
        if is(asked, "DescribeStacks") {
            return described(status, updated(asked_before.fetch_add(1, Ordering::Relaxed)));
        }
        if is(asked, "GetTemplate") {
            return answer("GetTemplate", "<TemplateBody>{&quot;Resources&quot;: {}}</TemplateBody>");
        }
        let (members, next) = if asked.body.contains("NextToken") {
            (resource("B", "DELETE_COMPLETE") + &resource("C", "UPDATE_COMPLETE"), "")
        } else {
            (resource("A", "CREATE_COMPLETE"), "<NextToken>page/2</NextToken>")
        };
        answer("ListStackResources", &format!("<StackResourceSummaries>{members}</StackResourceSummaries>{next}"))
    })
}

fn registered(server: &StandIn) -> Registered {
    let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let resource = Resource {
        arn: FACTS.arn(&scope, "shop/0a1b").unwrap(),
        scope,
        resource_type: FACTS.resource_type(),
        name: "shop".to_owned(),
        location: location(server.url(), "shop".to_owned()),
        tags: Tags::new(),
    };
    Registered { resource, mark: None, secret: None }
}

/// A repository with what was backed up of a stack.
struct Stored {
    repository: Arc<Repository>,
    snapshot: Id,
    _folder: tempfile::TempDir,
}

fn backed_up(server: &StandIn) -> Result<(Stored, PointFacts), Fault> {
    let (of, control, options) = (registered(server), Control::new(), BTreeMap::new());
    let source = CloudFormation.source(&BackupCx {
        of: &of,
        options: &options,
        before: None,
        line: "tests",
        is_last: false,
        control: &control,
    })?;
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(LocalStorage::new(folder.path().join("repository")));
    let repository = Arc::new(Repository::create(storage, MasterKey::generate().unwrap(), Options::default()).unwrap());
    let request = BackupRequest {
        paths: vec!["/stack".into()],
        parent: None,
        time: "2026-11-23T05:00:00Z".parse().unwrap(),
        started: SystemTime::now(),
        hostname: "stack".to_owned(),
        username: "tests".to_owned(),
        tags: Vec::new(),
        chunker: ChunkerParameters::FILES,
    };
    let prepared = repository.prepare(source.items(), &request, &control).unwrap();
    repository.commit(&[&prepared]).unwrap();
    let snapshot = prepared.outcome().snapshot;
    let facts = source.finish(prepared.outcome())?;
    Ok((Stored { repository, snapshot, _folder: folder }, facts))
}

/// A restore of what was backed up, as a job does it; what it made is told by its notes.
fn restored(stored: &Stored, server: &StandIn, more: &[(&str, &str)]) -> Result<Restored, Fault> {
    let root = ItemPath::root().join(b"stack");
    let content = Inside { repository: &stored.repository, snapshot: stored.snapshot, root: &root };
    let metadata = [("StackName", "shop"), ("ChangeSetName", "back")].iter().chain(more);
    let metadata = metadata.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let (of, lend, details) = (registered(server), |_: u64, _: u64| false, PointDetails::new());
    let no_scratch = || Err(Fault::Failed("none".to_owned()));
    let mut target = CloudFormation.target(&RestoreCx {
        metadata: &metadata,
        target: &of.resource.location,
        resource_arn: &of.resource.arn,
        details: &details,
        scratch: &no_scratch,
        source: Some(&of),
        secret: None,
        content: &content,
        makes_new: false,
        moment: None,
        lend: &lend,
    })?;
    let nothing = RestoreRequest {
        snapshot: stored.snapshot,
        strip: root.clone(),
        items: Vec::new(),
        target: "/".into(),
        merge: false,
    };
    target.begin(&stored.repository.measure(&nothing, &Control::new()).unwrap())?;
    let outcome = {
        let Sink::InOrder(sink) = target.sink()? else { panic!("it takes its content in order") };
        let wanted = Wanted { snapshot: stored.snapshot, strip: &root, items: &[] };
        stored.repository.restore_stream(wanted, sink, &Control::new()).unwrap()
    };
    target.finish(&outcome)
}

/// A service without a stack, in which a change set comes to this state, and whose first answers about it get lost.
fn making(state: &'static str, lost: usize) -> StandIn {
    let (made, lost) = (AtomicUsize::new(0), AtomicUsize::new(lost));
    StandIn::that(move |asked| {
        if is(asked, "DescribeStacks") {
            return refusal(400, "ValidationError", "Stack with id shop does not exist");
        }
        if is(asked, "CreateChangeSet") {
            let again = made.fetch_add(1, Ordering::Relaxed) > 0;
            if again {
                return refusal(400, "AlreadyExistsException", "ChangeSet [back] already exists");
            }
            if lost.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                return Told::of(503, "");
            }
            return answer("CreateChangeSet", "<Id>c</Id>");
        }
        if made.load(Ordering::Relaxed) == 0 {
            return refusal(404, "ChangeSetNotFound", "ChangeSet [back] does not exist");
        }
        let now = chrono::Utc::now().to_rfc3339();
        let told = format!(
            "<StackId>{ID}</StackId><Status>{state}</Status><StatusReason>no changes</StatusReason><CreationTime>{now}</CreationTime>"
        );
        answer("DescribeChangeSet", &told)
    })
}

#[test]
fn a_change_set_is_made_once_though_the_answer_is_lost() {
    let (stored, _) = backed_up(&service("CREATE_COMPLETE", |_| "1")).unwrap();
    let given = [("StackParameters", r#"{"Key": "k&v"}"#)];
    for lost in [0, 1] {
        let server = making("CREATE_COMPLETE", lost);
        let made = restored(&stored, &server, &given).unwrap();
        assert_eq!(made.into.as_deref(), Some("shop/0a1b"));
        assert!(made.notes[0].contains("waits for its review"), "{:?}", made.notes);
        let asked = server.asked();
        let form = &asked.iter().find(|asked| is(asked, "CreateChangeSet")).unwrap().body;
        for part in [
            "ChangeSetType=CREATE",
            "TemplateBody=%7B%22Resources%22%3A%20%7B%7D%7D",
            "Parameters.member.1.ParameterKey=Key",
            "Parameters.member.1.ParameterValue=k%26v",
            "Capabilities.member.1=CAPABILITY%5FIAM",
        ] {
            assert!(form.contains(part), "{part} {form}");
        }
    }
}

#[test]
fn a_change_set_that_fails_or_is_there_already_or_lacks_a_value_fails_the_restore() {
    let (stored, _) = backed_up(&service("CREATE_COMPLETE", |_| "1")).unwrap();
    let given = [("StackParameters", r#"{"Key": "v"}"#)];
    let failed = restored(&stored, &making("FAILED", 0), &given).unwrap_err();
    assert!(failed.to_string().contains("FAILED: no changes. It and the new stack are left at http://"), "{failed}");
    let there = making("CREATE_COMPLETE", 0);
    restored(&stored, &there, &given).unwrap();
    let again = restored(&stored, &there, &given).unwrap_err();
    assert!(again.to_string().contains("has a change set back already"), "{again}");
    let hidden = restored(&stored, &making("CREATE_COMPLETE", 0), &[]).unwrap_err();
    assert!(hidden.to_string().contains("marked NoEcho: give Key with StackParameters"), "{hidden}");
}

#[test]
fn all_pages_of_a_stack_are_its_members_but_for_what_was_deleted() {
    let server = service("UPDATE_COMPLETE", |_| "1");
    let members = CloudFormation.members(&registered(&server), &Control::new()).unwrap();
    let told: Vec<_> = members.into_iter().map(|member| (member.id, member.what)).collect();
    assert_eq!(told.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["A", "C"]);
    assert!(matches!(&told[0].1, Part::Made(made) if made.physical_id == "p-A" && made.kind == "AWS::S3::Bucket"));
    assert!(server.asked().iter().any(|asked| asked.body.contains("NextToken=page%2F2")));
}

#[test]
fn pages_that_do_not_end_are_no_answer() {
    for tells_the_same in [true, false] {
        let asked_before = AtomicUsize::new(0);
        let server = StandIn::that(move |asked| {
            if is(asked, "DescribeStacks") {
                return described("CREATE_COMPLETE", "1");
            }
            let page = asked_before.fetch_add(1, Ordering::Relaxed);
            let token = if tells_the_same { 0 } else { page };
            let members: String =
                (0..100).map(|number| resource(&format!("A{page}x{number}"), "CREATE_COMPLETE")).collect();
            let inner =
                format!("<StackResourceSummaries>{members}</StackResourceSummaries><NextToken>page{token}</NextToken>");
            answer("ListStackResources", &inner)
        });
        let refused = CloudFormation.members(&registered(&server), &Control::new()).unwrap_err();
        assert!(refused.to_string().contains("answers ListStackResources in a way"), "{refused}");
    }
}

#[test]
fn a_stack_that_does_not_rest_is_not_backed_up() {
    let server = service("UPDATE_IN_PROGRESS", |_| "1");
    for refused in
        [CloudFormation.members(&registered(&server), &Control::new()).map(drop), backed_up(&server).map(drop)]
    {
        assert!(matches!(&refused, Err(Fault::Failed(why)) if why.contains("is UPDATE_IN_PROGRESS")), "{refused:?}");
    }
}

#[test]
fn what_is_backed_up_is_of_one_moment_or_is_read_again() {
    let (stored, facts) = backed_up(&service("CREATE_COMPLETE", |_| "1")).unwrap();
    let entries = stored.repository.entries(&stored.snapshot, &ItemPath::root().join(b"stack")).unwrap();
    let names: Vec<_> = entries.iter().map(|node| String::from_utf8_lossy(&node.name)).collect();
    assert_eq!(names, ["parameters.json", "stack.json", "template.json"]);
    assert_eq!(facts.details["Consistency"], "transaction");
    assert_eq!(facts.details["NoEchoParameters"], "Key");
    let changed = backed_up(&service("CREATE_COMPLETE", |times| if times == 0 { "1" } else { "2" })).map(drop);
    assert!(
        matches!(&changed, Err(Fault::Temporary { why, .. }) if why.contains("changed while it was read")),
        "{changed:?}"
    );
}

#[test]
fn what_is_no_cloudformation_is_told_so() {
    for (told, expected) in [
        (Told::of(200, "<!DOCTYPE html><html></html>"), "web page"),
        (Told::of(200, "{}"), "not CloudFormation's"),
        (Told::of(404, ""), "not CloudFormation's"),
        (refusal(400, "ValidationError", "Stack with id shop does not exist"), "no stack shop"),
        (refusal(403, "AccessDenied", "no"), "AccessDenied: no"),
    ] {
        let told = parking_lot::Mutex::new(Some(told));
        let server = StandIn::that(move |_| told.lock().take().unwrap_or_else(|| Told::of(404, "")));
        let secret = Secret::new(r#"{"AccessKeyId": "id", "SecretAccessKey": "hunter2"}"#.to_owned());
        let at = location(server.url(), "shop".to_owned());
        let refused = CloudFormation
            .probe(&ProbeCx { at: &at, secret: Some(&secret), data_dir: Path::new("/nowhere") })
            .unwrap_err();
        assert!(refused.to_string().contains(expected) && !refused.to_string().contains("hunter2"), "{refused}");
        let asked = server.asked();
        assert!(asked[0].headers["authorization"].contains("/cloudformation/aws4_request"), "{asked:?}");
    }
}

#[test]
fn a_form_is_encoded_and_an_answer_without_its_result_is_none() {
    let server = StandIn::that(|_| Told::of(200, "<OtherResponse/>"));
    let client = Client::open(&location(server.url(), "shop".to_owned()), None, BRIEF).unwrap();
    let form = vec![("TemplateBody".to_owned(), "a=b&c d\n")];
    assert!(matches!(client.call_once("CreateChangeSet", &form, None), Err(Fault::Failed(_))));
    let body = &server.asked()[0].body;
    assert_eq!(body, "Action=CreateChangeSet&Version=2010-05-15&TemplateBody=a%3Db%26c%20d%0A");
    assert!(Element::read(b"<a/>").is_ok());
}

/// A service with the stacks of these names, each with a bucket and with the stacks that are nested in it.
fn service_of(stacks: &'static [(&'static str, &'static [&'static str])]) -> StandIn {
    service_with(|name| {
        let (_, nested) = stacks.iter().find(|(stack, _)| *stack == name)?;
        Some(nested.iter().map(|id| (*id).to_owned()).collect())
    })
}

/// The same, where a function tells what is nested in a stack; nothing of one that is not there.
fn service_with(nested_in: impl Fn(&str) -> Option<Vec<String>> + Send + Sync + 'static) -> StandIn {
    StandIn::that(move |asked| {
        let name = asked.body.split('&').find_map(|part| part.strip_prefix("StackName=")).unwrap_or_default();
        let Some(nested) = nested_in(name) else {
            return refusal(400, "ValidationError", &format!("Stack with id {name} does not exist"));
        };
        if is(asked, "DescribeStacks") {
            let told = format!("<StackId>{name}</StackId><StackStatus>CREATE_COMPLETE</StackStatus>");
            return answer("DescribeStacks", &format!("<Stacks><member>{told}</member></Stacks>"));
        }
        if is(asked, "GetTemplate") {
            return answer("GetTemplate", &format!("<TemplateBody>Of: {name}</TemplateBody>"));
        }
        let inner = |id: &String| {
            format!(
                "<member><LogicalResourceId>{id}</LogicalResourceId><PhysicalResourceId>{id}</PhysicalResourceId>\
                 <ResourceType>AWS::CloudFormation::Stack</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>"
            )
        };
        let members: String = nested.iter().map(inner).chain([resource("Files", "CREATE_COMPLETE")]).collect();
        answer("ListStackResources", &format!("<StackResourceSummaries>{members}</StackResourceSummaries>"))
    })
}

/// What a stack is made of: what is there, and what could not be looked into, with why.
fn made_of(server: &StandIn) -> (Vec<String>, Vec<String>) {
    let members = CloudFormation.members(&registered(server), &Control::new()).unwrap();
    let (mut there, mut closed) = (Vec::new(), Vec::new());
    for member in members {
        match member.what {
            Part::Closed(why) => closed.push(format!("{}: {why}", member.id)),
            Part::Made(_) | Part::Named(_) => there.push(member.id),
        }
    }
    (there, closed)
}

#[test]
fn what_is_nested_in_a_stack_belongs_to_it_and_what_cannot_be_looked_into_is_named() {
    let server = service_of(&[
        ("shop", &["Inner", "Gone", "a_b"]),
        ("Inner", &["Deeper", "shop"]),
        ("Deeper", &[]),
        ("a_b", &[]),
    ]);
    let (there, closed) = made_of(&server);
    assert_eq!(there, ["Files", "Inner/Files", "Inner/Deeper/Files"]);
    assert_eq!(closed.len(), 3, "{closed:?}");
    for (closed, told) in closed.iter().zip(["Gone: There is no stack Gone", "a_b: Its logical id", "Inner/shop: "]) {
        assert!(closed.starts_with(told), "{closed}");
    }
    assert!(closed[2].contains("is nested in itself"), "{closed:?}");

    let (stored, facts) = backed_up(&server).unwrap();
    let within = |names: &[&str]| names.iter().fold(ItemPath::root(), |path, name| path.join(name.as_bytes()));
    for path in
        [within(&["stack"]), within(&["stack", "nested", "Inner"]), within(&["stack", "nested", "Inner", "Deeper"])]
    {
        let entries = stored.repository.entries(&stored.snapshot, &path).unwrap();
        assert!(entries.iter().any(|node| node.name == b"template.yaml"), "{path}");
    }
    assert_eq!(facts.details["NestedStacks"], "Inner, Inner/Deeper");
    assert!(facts.lacks.unwrap().contains("nested stack Gone: There is no stack Gone"));

    // A change set gets the template that was asked for.
    for (nested, body) in [("Inner", "Of%3A%20Inner"), ("Inner/Deeper", "Of%3A%20Deeper")] {
        let server = making("CREATE_COMPLETE", 0);
        restored(&stored, &server, &[("vaultdeck:nested", nested)]).unwrap();
        let asked = server.asked();
        let form = &asked.iter().find(|asked| is(asked, "CreateChangeSet")).unwrap().body;
        assert!(
            form.contains(&format!("TemplateBody={body}&")) || form.ends_with(&format!("TemplateBody={body}")),
            "{form}"
        );
    }
    let none = restored(&stored, &making("CREATE_COMPLETE", 0), &[("vaultdeck:nested", "Gone")]).unwrap_err();
    assert!(none.to_string().contains("no template of a nested stack Gone"), "{none}");
}

#[test]
fn stacks_are_looked_into_as_deep_as_aws_backup_does() {
    let server = service_of(&[
        ("shop", &["B"]),
        ("B", &["C"]),
        ("C", &["D"]),
        ("D", &["E"]),
        ("E", &["F"]),
        ("F", &["G"]),
        ("G", &["H"]),
        ("H", &["I"]),
        ("I", &["J"]),
        ("J", &["K"]),
        ("K", &[]),
    ]);
    let (there, closed) = made_of(&server);
    assert_eq!((there.len(), closed.len()), (10, 1), "{closed:?}");
    assert!(closed[0].contains("/J/K: It is nested deeper than 10 layers"), "{closed:?}");
}

#[test]
fn no_more_than_500_stacks_are_looked_into_in_all_layers_together() {
    let many = |within: &str| (0..300).map(|number| format!("{within}{number}")).collect();
    let server = service_with(move |name| match name {
        "shop" => Some(vec!["A".to_owned(), "B".to_owned()]),
        "A" | "B" => Some(many(name)),
        _ => Some(Vec::new()),
    });
    let (there, closed) = made_of(&server);
    let told = "B/B197: No more than 500 stacks are looked into: 103 are left out, of which this is the first.";
    assert_eq!((there.len(), closed), (500, vec![told.to_owned()]));
}

#[test]
fn a_job_that_is_stopped_looks_into_no_further_stack() {
    let server = service_of(&[("shop", &["Inner"]), ("Inner", &[])]);
    let stop = Control::new();
    stop.cancel();
    let stopped = CloudFormation.members(&registered(&server), &stop).map(drop);
    assert_eq!(stopped, Err(Fault::Failed("The job was stopped.".to_owned())));
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn a_nested_stack_that_is_away_for_the_time_being_fails_all_of_it_for_the_time_being() {
    let server = StandIn::that(|asked| {
        if asked.body.contains("StackName=Inner") {
            return Told::of(503, "");
        }
        if is(asked, "DescribeStacks") {
            return described("CREATE_COMPLETE", "1");
        }
        let inner = resource("Inner", "CREATE_COMPLETE").replace("AWS::S3::Bucket", "AWS::CloudFormation::Stack");
        let inner = inner.replace("p-Inner", "Inner");
        answer("ListStackResources", &format!("<StackResourceSummaries>{inner}</StackResourceSummaries>"))
    });
    let stop = Control::new();
    let client = Client::open(&location(server.url(), "shop".to_owned()), None, std::time::Duration::ZERO).unwrap();
    let failed = super::nested::Layers::of(client, &stop).map(drop).unwrap_err();
    assert!(matches!(failed, Fault::Temporary { .. }), "{failed}");
}
