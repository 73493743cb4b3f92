//! The names of settings, in all their spellings.

/// What a setting is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyword {
    Server,
    Port,
    Instance,
    Database,
    User,
    Password,
    WindowsAuthentication,
    /// Which of the many ways to prove who one is.
    Authentication,
    Encrypt,
    TrustCert,
    CaFile,
    HostInCertificate,
    Application,
    ApplicationIntent,
    MultiSubnet,
    PacketSize,
    ConnectTimeout,
    LoginTimeout,
    IdleTimeout,
    /// An ODBC string inside of a URL of SQLAlchemy.
    OdbcConnect,
    Driver,
    /// The protocol by the name of its library.
    NetworkLibrary,
    /// Always Encrypted.
    ColumnEncryption,
    /// An entry of the ODBC settings of a machine.
    DataSourceName,
    /// A file of a database, for the server to attach.
    AttachFile,
    /// A key store of Java.
    TrustStore,
    /// The certificate that the server must have, rather than an authority.
    PinnedCertificate,
    /// The domain of a Windows account, apart from its name.
    Domain,
    /// Says nothing to this program: pools, drivers, languages, behaviour of statements.
    Ignored,
}

/// Spellings without blanks, `_`, `-` and capitals.
const SPELLINGS: &[(Keyword, &[&str])] = &[
    (Keyword::Server, &["server", "datasource", "addr", "address", "networkaddress", "servername"]),
    (Keyword::Port, &["port", "portnumber"]),
    (Keyword::Instance, &["instance", "instancename"]),
    (Keyword::Database, &["database", "initialcatalog", "databasename"]),
    (Keyword::User, &["user", "userid", "uid", "username"]),
    (Keyword::Password, &["password", "pwd"]),
    (Keyword::WindowsAuthentication, &["integratedsecurity", "trustedconnection"]),
    (Keyword::Authentication, &["authentication"]),
    (Keyword::Encrypt, &["encrypt", "encryption"]),
    (Keyword::TrustCert, &["trustcert", "trustservercertificate"]),
    (Keyword::CaFile, &["ca", "cafile", "trustservercertificateca"]),
    (Keyword::HostInCertificate, &["hostincertificate", "hostnameincertificate"]),
    (Keyword::Application, &["applicationname", "app"]),
    (Keyword::ApplicationIntent, &["applicationintent"]),
    (Keyword::MultiSubnet, &["multisubnetfailover", "multisubnet"]),
    (Keyword::PacketSize, &["packetsize"]),
    (Keyword::ConnectTimeout, &["connecttimeout", "connectiontimeout", "timeout"]),
    (Keyword::LoginTimeout, &["logintimeout"]),
    (Keyword::IdleTimeout, &["idletimeout"]),
    (Keyword::OdbcConnect, &["odbcconnect"]),
    (Keyword::Driver, &["driver", "provider"]),
    (Keyword::NetworkLibrary, &["network", "net", "networklibrary"]),
    (Keyword::ColumnEncryption, &["columnencryption", "columnencryptionsetting"]),
    (Keyword::DataSourceName, &["dsn", "filedsn"]),
    (Keyword::AttachFile, &["attachdbfilename", "initialfilename", "extendedproperties"]),
    (Keyword::TrustStore, &["truststore"]),
    (Keyword::PinnedCertificate, &["servercertificate"]),
    (Keyword::Domain, &["domain", "domainname"]),
    (Keyword::Ignored, IGNORED),
];

const IGNORED: &[&str] = &[
    // Pools, and what else an application does with its connections.
    "pooling",
    "maxpoolsize",
    "minpoolsize",
    "connectionlifetime",
    "loadbalancetimeout",
    "connectionreset",
    "poolblockingperiod",
    "enlist",
    "transactionbinding",
    "persistsecurityinfo",
    "replication",
    "autocommit",
    "asynchronousprocessing",
    "async",
    "contextconnection",
    "userinstance",
    "savefile",
    // Names that are only shown.
    "workstationid",
    "wsid",
    "description",
    "typesystemversion",
    // Statements: this program sets its own timeouts and session options.
    "commandtimeout",
    "querytimeout",
    "locktimeout",
    "cancelquerytimeout",
    "sockettimeout",
    "language",
    "currentlanguage",
    "regional",
    "autotranslate",
    "ansinpw",
    "quotedid",
    "usefmtonly",
    "retryexec",
    "longasmax",
    "getdataextensions",
    "multipleactiveresultsets",
    "mars",
    "marsconnection",
    "selectmethod",
    "responsebuffering",
    "sendstringparametersasunicode",
    "sendtimeasdatetime",
    "lastupdatecount",
    "disablestatementpooling",
    "statementpoolingcachesize",
    "preparemethod",
    "delayloadinglobs",
    "xopenstates",
    "usebulkcopyforbatchinsert",
    // The network: retries and addresses are this program's own affair.
    "connectretrycount",
    "connectretryinterval",
    "transparentnetworkipresolution",
    "ipaddresspreference",
    "keepalive",
    "keepaliveinterval",
    "failoverpartner",
    "failoverpartnerspn",
    "serverspn",
    "authenticationscheme",
    "gsscredential",
    "sslprotocol",
    "fips",
    "truststoretype",
    "truststorepassword",
    // Drivers of Python and FreeTDS.
    "charset",
    "clientcharset",
    "tdsversion",
    "ansi",
    "unicoderesults",
    "fastexecutemany",
    "usesetinputsizes",
    "querylogon",
    "querylogfile",
    "querylogtime",
    "statslogon",
    "statslogfile",
];

/// What a name stands for, however it is spelled.
pub fn find(name: &str) -> Option<Keyword> {
    let name = simplified(name);
    SPELLINGS.iter().find(|(_, spellings)| spellings.contains(&name.as_str())).map(|(keyword, _)| *keyword)
}

/// Whether an unknown name is a slip of a known one. What is none may be the rest of a password that was not quoted.
pub fn is_near(name: &str) -> bool {
    let name = simplified(name);
    SPELLINGS.iter().flat_map(|(_, spellings)| *spellings).any(|spelling| {
        let slips = if spelling.len() < 6 { 1 } else { 2 };
        spelling.len() > 3 && name.len() < 40 && distance(&name, spelling) <= slips
    })
}

fn simplified(name: &str) -> String {
    name.trim()
        .chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-' | '+'))
        .collect::<String>()
        .to_ascii_lowercase()
}

/// Characters to insert, delete or replace to make one of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Whether a driver or provider is for another kind of database.
pub fn is_other_driver(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    [
        "postgres",
        "psql",
        "mysql",
        "mariadb",
        "oracle",
        "sqlite",
        "access",
        "excel",
        "ace.oledb",
        "jet.oledb",
        "db2",
    ]
    .iter()
    .any(|other| value.contains(other))
}
