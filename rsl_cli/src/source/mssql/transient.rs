//! Error numbers of SQL Server: which pass by themselves, and what to do about those that people meet.

use super::login::Login;

/// Whether an error passes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// The same read may succeed after a while.
    Transient,
    /// The same read would fail again.
    Final,
}

/// What passes by itself, in the order of the numbers. Several of the small numbers mean something else when a statement
/// writes, which none does here.
const TRANSIENT: &[u32] = &[
    20, 64, 121, 233, // The connection was lost before or during the login.
    596, 601, 615, 913, 921, 922, 952, 983, 988, // The session was ended; the database moves or starts.
    1204, 1205, 1222, // Locks.
    3960, 3961, 3966, // Snapshots.
    4221, 6005, // A secondary that is not ready; a shutdown.
    8628, 8645, 8651, // Memory for a query, waited for in vain.
    10053, 10054, 10060, // The network.
    10928, 10929, 10936, // Azure's limits.
    17142, 17187, 17188, 17197, 18401, // The server is paused, starts, stops or is being upgraded.
    40143, 40197, 40501, 40540, 40613, 42109, 49918, 49919, 49920, // Azure moves, is busy or wakes up.
];

/// The number of a failed login, whatever the reason.
pub const LOGIN_FAILED: u32 = 18456;

/// Whether the error of this number passes by itself.
pub fn nature(number: u32) -> Nature {
    if TRANSIENT.binary_search(&number).is_ok() { Nature::Transient } else { Nature::Final }
}

/// What to do about the error of this number, if more can be said than the server does. `object` is what was being read.
pub fn explain(number: u32, login: &Login, object: Option<&str>) -> Option<String> {
    if number == LOGIN_FAILED {
        // The state that clients are told as a rule.
        return Some(explain_login_failure(1, login));
    }
    let who = Who::new(login, object);
    access(number, &who).or_else(|| statement(number, &who)).or_else(|| server(number, &who))
}

/// What a failed login means by its state. The server tells clients state 1 and writes the true one into its own log.
pub fn explain_login_failure(state: u8, login: &Login) -> String {
    let Who { login, to, database, .. } = Who::new(login, None);
    match state {
        2 | 5 => format!("the server has no login {login}"),
        6 => format!("{login} is a Windows account, but was used with a password of the server"),
        7 => format!("the login {login} is disabled, and the password is wrong"),
        8 => "the password is wrong".to_owned(),
        9 => "the server does not take this password".to_owned(),
        11 | 12 => {
            format!("the login {login} is valid but may not connect: GRANT CONNECT SQL TO {to}")
        }
        13 => "the service of SQL Server is paused".to_owned(),
        18 => format!("the password of {login} must be changed first"),
        38 | 40 | 46 | 126 => {
            format!("the login is right, but {database} does not exist or cannot be opened by {login}")
        }
        58 => "the server only takes Windows accounts; have it set to SQL Server and Windows authentication"
            .to_owned(),
        65 => format!("the password of the database user {login} is wrong"),
        102..=111 | 132 | 133 => "the login failed at Microsoft Entra; use a login of the server".to_owned(),
        122..=124 => "the user or the password is empty".to_owned(),
        _ => format!(
            "the user {login} or the password is wrong, the login is disabled, or {database} cannot be opened; the server's own log has the reason, in a line with error 18456 and a state above 1"
        ),
    }
}

/// The parties of a message, in words.
struct Who {
    login: String,
    /// The login's name as statements take it.
    to: String,
    database: String,
    /// The database's name, in brackets.
    database_name: String,
    object: String,
    /// The object's name as statements take it.
    object_name: String,
}

impl Who {
    fn new(login: &Login, object: Option<&str>) -> Self {
        Self {
            login: login.user().unwrap_or("this Windows account").to_owned(),
            to: login.user().map_or_else(|| "[DOMAIN\\user]".to_owned(), quoted),
            database: login.database.clone().unwrap_or_else(|| "the login's default database".to_owned()),
            database_name: login.database.as_deref().map_or_else(|| "[the database]".to_owned(), quoted),
            object: object.unwrap_or("the table or view").to_owned(),
            object_name: match object {
                Some(object) => object.splitn(2, '.').map(quoted).collect::<Vec<_>>().join("."),
                None => "it".to_owned(),
            },
        }
    }
}

/// A name as statements take it.
fn quoted(name: &str) -> String {
    if name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
    {
        return name.to_owned();
    }
    format!("[{}]", name.replace(']', "]]"))
}

/// Logins, databases and rights.
fn access(
    number: u32,
    Who { login, to, database, database_name, object, object_name }: &Who,
) -> Option<String> {
    Some(match number {
        18450 | 18452 => format!(
            "the server only takes Windows accounts, or does not know the domain of {login}; have it set to SQL Server and Windows authentication"
        ),
        18451 | 18461 => "the server only lets administrators in at the moment; ask for when it is open again".to_owned(),
        18470 => format!("the login {login} is disabled; have it enabled: ALTER LOGIN {to} ENABLE"),
        18486 => format!("the login {login} is locked, after wrong passwords as a rule; have it unlocked: ALTER LOGIN {to} WITH PASSWORD = … UNLOCK"),
        18487 => format!("the password of {login} has expired; change it in another program, then put the new one into the source's URL"),
        18488 => format!("the password of {login} must be changed before its first use; change it in another program, then put the new one into the source's URL"),
        4060 => format!("{database} does not exist, or {login} has no user in it: CREATE USER {to} FOR LOGIN {to} there"),
        4064 => format!("the default database of {login} is gone; name the database in the source's URL"),
        911 => format!("{database} does not exist on this server; look at the name in the source's URL"),
        916 => format!("{login} has no user in the database that was asked; a view may reach into another database: CREATE USER {to} FOR LOGIN {to} there"),
        229 => format!("{login} may not read {object}: GRANT SELECT ON {object_name} TO {to}, or leave it out of the load"),
        230 => format!("{login} may not read some columns of {object}: GRANT SELECT ON {object_name} TO {to}, or load a view without them"),
        262 => format!(
            "{login} lacks a right in {database}; if it is CREATE TABLE, something else than RSL asks for it: RSL only reads from SQL Server, and creates its tables in a PostgreSQL target"
        ),
        297 | 300 | 371 => format!("{login} may not see the state of the server; loads do without, rsl check says more with it: GRANT VIEW SERVER STATE TO {to}, or VIEW DATABASE STATE in {database_name}"),
        15562 => "a view runs under another user that the database does not trust; have the owner of the view look at it".to_owned(),
        40532 => "the address leads to another server of Azure than the one named; write the full name, such as erp.database.windows.net, or the user as user@erp".to_owned(),
        40615 => "the firewall of the Azure server does not let this address in; have a rule added for the address in the message".to_owned(),
        40914 => "the Azure server does not let this virtual network in; have a rule added for it".to_owned(),
        47073 => "the Azure server is closed to public addresses; connect through its private endpoint".to_owned(),
        _ => return None,
    })
}

/// What was asked for and what is in the tables.
fn statement(number: u32, Who { login, database_name, object, .. }: &Who) -> Option<String> {
    Some(match number {
        102 | 105 | 156 | 170 => "the server does not understand the statement; look at the condition of --where, which must be Transact-SQL".to_owned(),
        207 => format!("a column is missing from {object}; look at --where and --key, or the table was changed since it was described: run it again"),
        208 => format!("{object} does not exist or {login} may not see it; a view may name a table that is gone"),
        209 | 4104 => "a column of --where is not clear; name it as the source does, without the name of a table".to_owned(),
        220 | 248 | 8115 => format!("a number does not fit where {object} puts it; a view that computes or converts is the usual cause: correct it, or leave the row out with --where"),
        241 | 242 | 245 | 8114 => format!("a value cannot be converted; a view that converts texts, or a condition that compares unlike types, is the usual cause: look at {object} and at --where"),
        8134 => format!("{object} divides by zero for some row; correct the view, or leave the row out with --where"),
        8152 | 2628 => format!("a text is cut off where {object} puts it; a view that writes into a narrower type is the usual cause: correct it"),
        446 | 451 | 457 | 468 => format!("{object} compares texts of two collations; give the view a COLLATE, or load the tables below it"),
        4413 => format!("{object} refers to something that is gone or has changed; have it refreshed: EXEC sp_refreshview N'{object}'", object = object.replace('\'', "''")),
        7202 => format!("{object} reads from a linked server that is not defined; load the tables below it from their own server"),
        7303 | 7391 | 7399 | 7416 => format!("{object} reads from a linked server that does not answer {login}; load the tables below it from their own server"),
        3952 => format!("{database_name} does not allow snapshots; have it allowed: ALTER DATABASE {database_name} SET ALLOW_SNAPSHOT_ISOLATION ON, or load while nobody writes"),
        3958 | 3967 => "the server's tempdb had no room to keep old versions of rows; give it room, or load in smaller parts".to_owned(),
        3960 | 3961 => format!("{object} was changed under the snapshot; the read begins anew"),
        3966 => "the server's tempdb ran short of room for old versions of rows; the read begins anew, and comes through when there is room".to_owned(),
        601 => format!("rows of {object} moved while they were read; the read is repeated"),
        1205 => format!("the server ended this read of {object} to resolve a deadlock; the read is repeated, and loading when nobody writes, or from a snapshot, avoids it"),
        1204 => "the server has no locks left; the read is repeated, with fewer jobs it needs fewer".to_owned(),
        1222 => format!("somebody holds locks on {object} for longer than was waited; find who (sys.dm_tran_locks), or load when nobody writes"),
        33_557_097 => "the other side is Babelfish, a PostgreSQL that speaks like SQL Server, and lacks what was asked for".to_owned(),
        _ => return None,
    })
}

/// The server, the databases and the way to them.
fn server(number: u32, Who { database, .. }: &Who) -> Option<String> {
    Some(match number {
        20 | 64 | 121 | 233 => "the server broke off while the connection was made; if it goes on, look at its encryption settings, at its limit of connections and at what is in between".to_owned(),
        10053 | 10054 | 10060 => "the network between here and the server was interrupted, or a firewall is in between".to_owned(),
        596 => "somebody ended this session on the server (KILL); if it was no accident, ask the server's administrator".to_owned(),
        615 | 913 | 921 | 922 | 952 => format!("{database} is starting, moving or being recovered; it is tried again"),
        924 => format!("{database} is in single-user mode and somebody is in it; ask its administrator"),
        926 => format!("{database} is marked suspect and needs repair by its administrator; a load from a restored backup is possible"),
        927 => format!("{database} is being restored; try again when that has ended"),
        942 => format!("{database} is offline; have it brought online"),
        945 => format!("{database} is closed: files are missing, or memory or disk ran out; the server's log says which"),
        976 => "this replica of the availability group does not let anybody read; connect to the listener, or to a readable secondary".to_owned(),
        978 => "this replica is only open to readers; add application_intent=readonly to the source's URL".to_owned(),
        979 => "this database takes no connections for reading only; leave application_intent=readonly out of the source's URL".to_owned(),
        982 => "the availability group has no readable secondary online; leave application_intent=readonly out of the source's URL".to_owned(),
        983 | 988 => "the availability group is changing roles; it is tried again, and naming the listener instead of one server follows the change".to_owned(),
        4221 => "the secondary waits for old transactions of the primary before it can be read; it is tried again".to_owned(),
        6005 | 17188 => "the server is shutting down; it is tried again".to_owned(),
        17142 => "the service of SQL Server is paused; have it continued".to_owned(),
        17187 | 17197 => "the server is starting or overloaded; it is tried again".to_owned(),
        18401 => "the server is being upgraded; it is tried again for a while, upgrades take minutes".to_owned(),
        605 | 823 | 824 => format!("{database} is damaged on disk; have DBCC CHECKDB run, and do not trust a load from it before"),
        701 | 802 => "the server has not enough memory for this query; use fewer jobs, or load when it is less busy".to_owned(),
        8628 | 8645 | 8651 => "the server has no memory free for this query; it is tried again, with fewer jobs it needs less".to_owned(),
        1101 | 1105 => "the server's disk is full, tempdb as a rule since reading stores nothing else; have room made, or use fewer jobs".to_owned(),
        9002 => "a transaction log of the server is full, tempdb's as a rule since reading writes no other; have it backed up or enlarged".to_owned(),
        10928 | 10929 | 10936 => "the limit of sessions or requests of this Azure database is reached; use fewer jobs, or a larger tier for the time of the load".to_owned(),
        40544 => "this Azure database has reached its size limit; it can still be read".to_owned(),
        40549..=40553 => "Azure ended the session because it ran too long or used too much; use smaller parts or fewer jobs, or a larger tier".to_owned(),
        40143 | 40197 | 40540 | 40613 => "Azure is moving the database or it is not awake yet; it is tried again, a minute is not unusual".to_owned(),
        40501 | 49918..=49920 => "Azure is too busy at the moment; it is tried again after some seconds".to_owned(),
        42108 => "the SQL pool is paused; have it resumed".to_owned(),
        42109 => "the SQL pool is warming up; it is tried again".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that the texts above are for, and no other.
    const EXPLAINED: &[u32] = &[
        20, 64, 102, 105, 121, 156, 170, 207, 208, 209, 220, 229, 230, 233, 241, 242, 245, 248, 262, 297,
        300, 371, 446, 451, 457, 468, 596, 601, 605, 615, 701, 802, 823, 824, 911, 913, 916, 921, 922, 924,
        926, 927, 942, 945, 952, 976, 978, 979, 982, 983, 988, 1101, 1105, 1204, 1205, 1222, 2628, 3952,
        3958, 3960, 3961, 3966, 3967, 4060, 4064, 4104, 4221, 4413, 6005, 7202, 7303, 7391, 7399, 7416, 8114,
        8115, 8134, 8152, 8628, 8645, 8651, 9002, 10053, 10054, 10060, 10928, 10929, 10936, 15562, 17142,
        17187, 17188, 17197, 18401, 18450, 18451, 18452, 18456, 18461, 18470, 18486, 18487, 18488, 40143,
        40197, 40501, 40532, 40540, 40544, 40549, 40550, 40551, 40552, 40553, 40613, 40615, 40914, 42108,
        42109, 47073, 49918, 49919, 49920, 33_557_097,
    ];

    fn login() -> Login {
        Login::parse("mssql://FKSM_BI:s3cret-Pa55@erp01/KsmErp").unwrap()
    }

    #[test]
    fn every_number_has_a_text_and_none_shows_the_password() {
        for object in [Some("dbo.BI_ROUTING_VIEW"), None] {
            let texts = EXPLAINED
                .iter()
                .map(|&number| explain(number, &login(), object).expect("a text"))
                .chain((0..=u8::MAX).map(|state| explain_login_failure(state, &login())));
            for text in texts {
                assert!(!text.contains("s3cret"), "{text}");
                assert!(text.len() > 15 && !text.ends_with('.') && !text.contains("  "), "{text}");
            }
        }
        let explained: Vec<u32> =
            (0..60_000).chain([33_557_097]).filter(|&n| explain(n, &login(), None).is_some()).collect();
        assert_eq!(explained, EXPLAINED);
    }

    #[test]
    fn what_passes_is_tried_again_and_what_does_not_is_not() {
        assert!(TRANSIENT.is_sorted());
        for &number in TRANSIENT {
            assert_eq!(nature(number), Nature::Transient);
            assert!(explain(number, &login(), None).is_some(), "{number}");
        }
        for number in [
            102,
            207,
            208,
            229,
            262,
            300,
            701,
            916,
            926,
            945,
            976,
            979,
            3952,
            4060,
            8115,
            8134,
            9002,
            18452,
            18456,
            18470,
            18487,
            18488,
            40532,
            40615,
            0,
            u32::MAX,
        ] {
            assert_eq!(nature(number), Nature::Final, "{number}");
        }
    }

    #[test]
    fn texts_name_who_what_and_the_remedy() {
        let denied = explain(229, &login(), Some("dbo.BI_ROUTING_VIEW")).unwrap();
        assert!(denied.contains("GRANT SELECT ON dbo.BI_ROUTING_VIEW TO FKSM_BI"), "{denied}");
        let odd = explain(229, &login(), Some("dbo.Order [1.2]")).unwrap();
        assert!(odd.contains("GRANT SELECT ON dbo.[Order [1.2]]] TO FKSM_BI"), "{odd}");
        let create = explain(262, &login(), None).unwrap();
        assert!(
            create.contains("FKSM_BI") && create.contains("CREATE TABLE") && create.contains("PostgreSQL"),
            "{create}"
        );
        assert!(explain(4060, &login(), None).unwrap().contains("KsmErp"));
        assert_eq!(explain(50_000, &login(), None), None);
        let windows = Login::parse("Server=erp01;User Id=KSM\\bi;Password=x;Database=Ksm Erp]").unwrap();
        assert!(explain(229, &windows, Some("dbo.T")).unwrap().contains("TO [KSM\\bi]"));
        assert!(explain(3952, &windows, None).unwrap().contains("ALTER DATABASE [Ksm Erp]]] SET"));
        let nobody = Login::parse("Server=erp01;Integrated Security=SSPI").unwrap();
        assert!(explain(229, &nobody, Some("dbo.T")).unwrap().contains("TO [DOMAIN\\user]"));
    }

    #[test]
    fn the_state_of_a_failed_login_says_more_than_its_number() {
        assert!(explain_login_failure(8, &login()).contains("password is wrong"));
        assert!(explain_login_failure(38, &login()).contains("KsmErp"));
        assert!(explain_login_failure(58, &login()).contains("Windows"));
        assert_eq!(Some(explain_login_failure(1, &login())).map(|text| text.contains("18456")), Some(true));
    }
}
