//! Which scopes a context has: accounts × regions, none ever left out because it cannot be entered.

use super::Connection;
use crate::client::explain::Explain;
use crate::client::query::ScopeView;
use crate::client::{Fault, FaultKind, map};
use crate::domain::organization::{MAX_DEPTH, Unit};
use crate::domain::{Account, Scope, UnitId};
use std::time::Duration;

/// How long the list of scopes waits to learn which members can be entered. Those that it does not learn of in time show
/// it by their own answers.
const ENTRY_LIMIT: Duration = Duration::from_secs(8);

impl Connection {
    /// The accounts of the organization, the management account first.
    pub(crate) async fn accounts(&self) -> Result<Vec<Account>, Fault> {
        let home = self.home().await?;
        let organizations = aws_sdk_organizations::Client::new(&home.config);
        let described = organizations.describe_organization().send().await.explain("DescribeOrganization")?;
        let management = described.organization().and_then(|o| o.master_account_id()).unwrap_or_default().to_owned();
        let mut accounts = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = organizations.list_accounts().set_next_token(token).send().await.explain("ListAccounts")?;
            accounts.extend(page.accounts().iter().filter_map(|account| map::account(account, &management)));
            match page.next_token {
                Some(next) if !next.is_empty() => token = Some(next),
                _ => break,
            }
        }
        accounts.sort_by(|a, b| b.management.cmp(&a.management).then_with(|| a.id.cmp(&b.id)));
        Ok(accounts)
    }

    /// The id of the organization.
    pub(crate) async fn organization(&self) -> Result<String, Fault> {
        let organizations = aws_sdk_organizations::Client::new(&self.home().await?.config);
        let described = organizations.describe_organization().send().await.explain("DescribeOrganization")?;
        let id = described.organization.and_then(|organization| organization.id);
        id.ok_or_else(|| Fault::new(FaultKind::Other, "DescribeOrganization tells no id"))
    }

    /// The organizational units, each before what lies in it.
    pub(crate) async fn units(&self) -> Result<Vec<Unit>, Fault> {
        let home = self.home().await?;
        let organizations = aws_sdk_organizations::Client::new(&home.config);
        let roots = organizations.list_roots().send().await.explain("ListRoots")?;
        let mut found: Vec<Unit> = Vec::new();
        let mut places: Vec<(String, Option<UnitId>)> =
            roots.roots().iter().filter_map(|root| Some((root.id()?.to_owned(), None))).collect();
        for _ in 0..MAX_DEPTH {
            let mut deeper = Vec::new();
            for (id, parent) in places {
                let call = organizations.list_organizational_units_for_parent().parent_id(id);
                let mut pages = call.into_paginator().send();
                while let Some(page) = pages.next().await {
                    let page = page.explain("ListOrganizationalUnitsForParent")?;
                    let units = page.organizational_units().iter();
                    deeper.extend(units.filter_map(|unit| map::unit(unit, parent.clone())));
                }
            }
            places = deeper.iter().map(|unit| (unit.id.to_string(), Some(unit.id.clone()))).collect();
            found.extend(deeper);
        }
        Ok(found)
    }

    /// Every scope of the context, the home scope first.
    pub(crate) async fn scopes(&self) -> Result<Vec<ScopeView>, Fault> {
        let home = self.home().await?;
        // Outside an organization, or without the right to list it, there is the own account.
        let accounts = self.accounts().await.unwrap_or_default();
        let home_name = accounts.iter().find(|account| account.id == home.account).map(|account| account.name.clone());
        let mut members: Vec<(Account, Option<Fault>)> = Vec::new();
        if self.member_role().is_some() {
            let others: Vec<Account> = accounts.iter().filter(|a| a.id != home.account).cloned().collect();
            let entries = others.iter().map(|account| self.entry(account));
            let faults = futures_util::future::join_all(entries).await;
            members = others.into_iter().zip(faults).collect();
        }
        let regions = match self.control() {
            Some(control) => self.engine_regions(&control.status().await?),
            None => home.regions.clone(),
        };
        let regions = if regions.is_empty() { &home.regions } else { &regions };
        let mut views = Vec::new();
        for region in regions {
            views.push(ScopeView {
                scope: Scope::new(home.account.clone(), region.clone()),
                account_name: home_name.clone(),
                home: true,
                fault: None,
            });
        }
        for (account, fault) in members {
            for region in regions {
                let scope = Scope::new(account.id.clone(), region.clone());
                let account_name = Some(account.name.clone());
                views.push(ScopeView { scope, account_name, home: false, fault: fault.clone() });
            }
        }
        Ok(views)
    }

    /// Why a member cannot be entered, if it cannot.
    async fn entry(&self, account: &Account) -> Option<Fault> {
        // One that tells no status is tried.
        if !matches!(account.status.as_str(), "ACTIVE" | "") {
            return Some(Fault::new(FaultKind::Denied, format!("the account is {}", account.status)));
        }
        let home = self.home().await.ok()?;
        let entering = self.members.credentials(&home, &account.id, self.member_role());
        tokio::time::timeout(ENTRY_LIMIT, entering).await.ok()?.err()
    }
}
