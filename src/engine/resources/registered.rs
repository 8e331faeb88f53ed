//! Resources as drivers are given them: with what was remembered of them, and with their secrets.

use crate::domain::{Arn, Secret};
use crate::engine::Engine;
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::AddResource;
use crate::engine::catalog::Connection;
use crate::engine::drivers::Registered;
use crate::engine::error::{Error, Result};
use crate::engine::keys::Purpose;
use crate::engine::resources::rows::{self, marks, secrets};

impl Engine {
    /// A resource with what its driver remembers of it, and its secret.
    pub(crate) fn registered(&self, connection: &Connection, arn: &Arn) -> Result<Option<Registered>> {
        let Some(resource) = rows::get(connection, arn)? else { return Ok(None) };
        let sealed = secrets::get(connection, arn)?;
        let secret = sealed.map(|sealed| self.unseal_resource(arn, &sealed)).transpose()?;
        Ok(Some(Registered { mark: marks::get(connection, arn)?, resource, secret }))
    }

    /// Seals the secret of a resource: it opens for this resource only.
    pub(super) fn seal_resource(&self, arn: &Arn, secret: &Secret) -> Result<Vec<u8>> {
        self.keys.wrap(Purpose::Resource(arn), secret.reveal().as_bytes())
    }

    /// Gives the resource of a permit the secret of another one, if that has one and is of the same account: an account's
    /// secrets are nobody else's, though copies of what they open may be.
    pub(crate) fn share_secret(
        &self,
        connection: &Connection,
        permit: &Permit<'_, AddResource>,
        from: &Arn,
    ) -> Result<()> {
        let to: Arn = permit.on().parse()?;
        // Some ARNs name no account: who owns a resource stands in its row.
        let account = |arn: &Arn| Ok::<_, Error>(rows::get(connection, arn)?.map(|resource| resource.scope.account));
        let owner = account(&to)?;
        if owner.is_none() || owner != account(from)? {
            return Ok(());
        }
        let Some(sealed) = secrets::get(connection, from)? else { return Ok(()) };
        let sealed = self.seal_resource(&to, &self.unseal_resource(from, &sealed)?)?;
        secrets::put(connection, permit, Some(&sealed))
    }

    fn unseal_resource(&self, arn: &Arn, sealed: &[u8]) -> Result<Secret> {
        let damaged = |root: &str| Error::Damaged {
            what: format!("the secret of resource {arn} does not open with {root}"),
            advice: "Put back the key file that belongs to this data directory, or add the resource again with its \
                     secret; nothing was deleted"
                .to_owned(),
        };
        let plain = self.keys.unwrap(Purpose::Resource(arn), sealed, damaged)?;
        let text = std::str::from_utf8(&plain)
            .map_err(|_| Error::Internal(format!("the secret of resource {arn} is no text")))?;
        Ok(Secret::new(text.to_owned()))
    }
}
