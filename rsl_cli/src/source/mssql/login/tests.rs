use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Login> {
    Login::parse_with(text, None)
}

fn parse(text: &str) -> Login {
    assert!(is_sql_server(text), "{text}");
    read(text).unwrap_or_else(|failure| panic!("{text}: {failure}"))
}

fn failure(text: &str) -> String {
    read(text).expect_err(text).to_string()
}

fn password(login: &Login) -> &str {
    match &login.authentication {
        Authentication::Sql { password, .. } => password,
        Authentication::Windows { password, .. } => password.as_deref().unwrap_or_default(),
    }
}

/// Every form, of the same login, for a password that is quoted as the form demands.
fn forms(password: &str) -> Vec<String> {
    let encoded: String = password.bytes().map(|b| format!("%{b:02X}")).collect();
    let (ado, ado_single) = (password.replace('"', "\"\""), password.replace('\'', "''"));
    let braces = password.replace('}', "}}");
    let odbc = format!(
        "DRIVER={{ODBC Driver 18 for SQL Server}};SERVER=erp01,1433;DATABASE=KsmErp;UID=FKSM_BI;PWD={{{braces}}};Encrypt=yes"
    );
    let odbc_connect: String = odbc.bytes().map(|b| format!("%{b:02x}")).collect();
    vec![
        format!("mssql://FKSM_BI:{encoded}@erp01:1433/KsmErp"),
        format!("mssql://erp01:1433/KsmErp?user=FKSM_BI&password={encoded}&encrypt=on"),
        format!("SQLServer://FKSM_BI:{encoded}@ERP01/KsmErp?encrypt=true"),
        format!(
            "mssql+pyodbc://FKSM_BI:{encoded}@erp01:1433/KsmErp?driver=ODBC+Driver+17+for+SQL+Server&Encrypt=yes&TrustServerCertificate=no"
        ),
        format!("mssql+pymssql://FKSM_BI:{encoded}@erp01/KsmErp?charset=utf8"),
        format!("mssql+pyodbc:///?odbc_connect={odbc_connect}"),
        format!("Server=tcp:erp01,1433;Database=KsmErp;User Id=FKSM_BI;Password=\"{ado}\";Encrypt=True"),
        format!("Data Source=erp01; Initial Catalog = KsmErp ;UID=FKSM_BI;PWD='{ado_single}' ;"),
        odbc.clone(),
        format!("odbc:{odbc}"),
        format!(
            "server=erp01;uid=FKSM_BI;pwd={{{braces}}};database=KsmErp;driver=FreeTDS;port=1433;tds_version=7.4"
        ),
        format!(
            "jdbc:sqlserver://erp01:1433;databaseName=KsmErp;user=FKSM_BI;password={{{braces}}};encrypt=true"
        ),
        format!(
            "jdbc:sqlserver://;serverName=erp01;portNumber=1433;database=KsmErp;userName=FKSM_BI;password={{{braces}}}"
        ),
        format!("sqlserver://erp01:1433;database=KsmErp;user=FKSM_BI;password={{{braces}}}"),
    ]
}

#[test]
fn the_project_s_own_url_says_everything() {
    let login = parse(
        "mssql://FKSM_BI:p!@#%w@erp01:14330/KsmErp?encrypt=strict&ca=/etc/ksm/ca.pem&host_in_certificate=erp.ksm.kr&connect_timeout=5&login_timeout=20&idle_timeout=600&application_name=cut-over&packet_size=16384&application_intent=readonly&multi_subnet_failover=true&instance=KSM",
    );
    let expected = Login {
        host: "erp01".to_owned(),
        port: Some(14330),
        instance: Some("KSM".to_owned()),
        database: Some("KsmErp".to_owned()),
        authentication: Authentication::Sql { user: "FKSM_BI".to_owned(), password: "p!@#%w".to_owned() },
        encryption: Encryption::Strict,
        trust_cert: false,
        ca_file: Some(Path::new("/etc/ksm/ca.pem").to_owned()),
        host_in_certificate: Some("erp.ksm.kr".to_owned()),
        application: "cut-over".to_owned(),
        read_only_intent: true,
        multi_subnet: true,
        packet_size: Some(16_384),
        connect_timeout: Duration::from_secs(5),
        login_timeout: Duration::from_secs(20),
        idle_timeout: Duration::from_secs(600),
    };
    assert!(login == expected, "{login:?}");
    assert_eq!(login.name(), "mssql://FKSM_BI@erp01:14330/KsmErp");
}

#[test]
fn defaults_hold_where_nothing_is_said() {
    let login = parse("mssql://u:p@erp01");
    assert_eq!((login.port, &login.instance, &login.database), (None, &None, &None));
    assert_eq!((login.encryption, login.trust_cert), (Encryption::On, false));
    assert_eq!((login.application.as_str(), login.read_only_intent, login.packet_size), ("rsl", false, None));
    let timeouts = (login.connect_timeout, login.login_timeout, login.idle_timeout);
    assert_eq!(timeouts, (Duration::from_secs(15), Duration::from_secs(15), Duration::from_secs(300)));
    assert_eq!(login.name(), "mssql://u@erp01:1433");
}

#[test]
fn sqlalchemy_is_read_as_it_writes() {
    let login = parse(
        "mssql+pyodbc://FKSM_BI:p%40ss%2Bw@host:1433/KsmErp?driver=ODBC+Driver+17+for+SQL+Server&Encrypt=yes&TrustServerCertificate=yes&Application+Name=cut+over",
    );
    assert_eq!(
        (password(&login), login.trust_cert, login.application.as_str()),
        ("p@ss+w", true, "cut over")
    );
    let login = parse(
        "mssql+pyodbc:///?odbc_connect=DRIVER%3D%7BODBC+Driver+17+for+SQL+Server%7D%3BSERVER%3Dhost%5CKSM%3BDATABASE%3DKsmErp%3BUID%3DFKSM_BI%3BPWD%3D%7Ba%3Bb%7D%7D%2B%7D",
    );
    assert_eq!((login.instance.as_deref(), password(&login)), (Some("KSM"), "a;b}+"));
    assert!(failure("mssql://u:p@h/d?odbc_connect=DSN%3Derp").contains("\"DSN\""));
    assert_eq!(parse("mssql+pyodbc://@h/d?trusted_connection=yes").user(), None);
}

#[test]
fn passwords_may_be_written_as_they_are_in_urls() {
    for raw in [
        "!@#%",
        "p@ss/w:rd?#!",
        "/x?a=b",
        "a?b=c&d=e",
        "100%",
        "%zz",
        "비밀번호!@#%",
        "p w",
        "a;b='c'\"{}",
        "@",
        "?",
        "/",
        ":",
        "x/y?encrypt=no",
    ] {
        for rest in ["erp01:1433/KsmErp", "erp01:1433/KsmErp?encrypt=on&TrustServerCertificate=yes"] {
            for scheme in ["mssql", "sqlserver", "mssql+pyodbc"] {
                let login = parse(&format!("{scheme}://FKSM_BI:{raw}@{rest}"));
                assert_eq!(
                    (password(&login), login.name().as_str()),
                    (raw, "mssql://FKSM_BI@erp01:1433/KsmErp"),
                    "{rest}"
                );
            }
        }
    }
    let login = parse("mssql://u:p@h?application_name=a@b");
    assert_eq!((login.host.as_str(), login.application.as_str()), ("h", "a@b"));
    assert_eq!(password(&parse("mssql://h?user=u@srv&password=p@ss")), "p@ss");
}

#[test]
fn quotes_follow_the_rules_of_each_form() {
    let ado = "Server=tcp:host,1433;Database=KsmErp;User Id=FKSM_BI;Password=\"a;b'c\"\"d\";Encrypt=True;TrustServerCertificate=False;Connection Timeout=30;";
    assert_eq!(password(&parse(ado)), "a;b'c\"d");
    assert_eq!(password(&parse("Server=h;UID=u;PWD='it''s;\"'")), "it's;\"");
    assert_eq!(password(&parse("Server=h;UID=u;PWD={x}")), "{x}");
    assert_eq!(password(&parse("Server=h;UID=u;PWD= a\"b=c' ;Database=d")), "a\"b=c'");
    assert_eq!(password(&parse("Server=h;UID=u;PWD=\"x;Driver={y}\"")), "x;Driver={y}");
    assert_eq!(password(&parse("Driver={SQL Server};Server=h;UID=u;PWD={x;}}\"'}")), "x;}\"'");
    assert_eq!(password(&parse("Server=h;UID=u;PWD={a;\"b};Driver={SQL Server}")), "a;\"b");
    assert_eq!(password(&parse("Driver={SQL Server};Server=h;UID=u;PWD=\"x\"")), "\"x\"");
    assert_eq!(password(&parse("jdbc:sqlserver://h;user=u;password=\"x'")), "\"x'");
    assert_eq!(password(&parse("jdbc:sqlserver://h;user=u;password={ a;b }")), " a;b ");
    assert_eq!(password(&parse("Provider=MSOLEDBSQL;Data Source=h;User ID=u;Password='x;y'")), "x;y");
    for bad in [
        "Server=h;UID=u;PWD=\"s3cret",
        "Server=h;UID=u;PWD='s3cret'x;",
        "Driver={SQL Server};Server=h;PWD={s3cret}x",
        "jdbc:sqlserver://h;password={s3cret",
        "Server=h;s3cret;UID=u",
        "Server=h;=s3cret",
    ] {
        let message = failure(bad);
        assert!(
            message.contains("not well formed") && message.contains("hint") && !message.contains("s3cret"),
            "{message}"
        );
    }
}

#[test]
fn keywords_have_synonyms() {
    for server in ["Server", "Data Source", "Addr", "Address", "Network Address", "DATASOURCE"] {
        for user in ["User ID", "UID", "User", "Username", "user id"] {
            for (database, pwd) in [("Database", "Password"), ("Initial Catalog", "PWD")] {
                let login = parse(&format!("{server}=erp01;{user}=u;{pwd}=p;{database}=d"));
                assert_eq!((login.name().as_str(), password(&login)), ("mssql://u@erp01:1433/d", "p"));
            }
        }
    }
    let login = parse(
        "Server=h;UID=u;PWD=p;Persist Security Info=False;Max Pool Size=50;Pooling=true;MultipleActiveResultSets=True;Workstation ID=w;Packet Size=8192;ApplicationIntent=ReadOnly;MultiSubnetFailover=Yes;HostNameInCertificate=x;Connect Timeout=40;App=a;Command Timeout=3;Encrypt=Strict",
    );
    assert_eq!((login.packet_size, login.read_only_intent, login.multi_subnet), (Some(8192), true, true));
    assert_eq!((login.encryption, login.host_in_certificate.as_deref()), (Encryption::Strict, Some("x")));
    // One timeout covers both, as it does for the drivers of these forms.
    assert_eq!(
        (login.connect_timeout, login.login_timeout),
        (Duration::from_secs(40), Duration::from_secs(40))
    );
    let login = parse("mssql://u:p@h/d?connect_timeout=3");
    assert_eq!(
        (login.connect_timeout, login.login_timeout),
        (Duration::from_secs(3), Duration::from_secs(15))
    );
    let login = parse(
        "jdbc:sqlserver://h;user=u;password=p;loginTimeout=30;applicationName=j;hostNameInCertificate=*.x;trustServerCertificate=true;sendStringParametersAsUnicode=false",
    );
    assert_eq!(
        (login.connect_timeout, login.login_timeout, login.trust_cert),
        (Duration::from_secs(30), Duration::from_secs(30), true)
    );
}

#[test]
fn every_word_for_encryption_is_known() {
    let said = [
        (Encryption::Off, &["off", "disable"][..]),
        (Encryption::Login, &["login", "false", "no", "0", "Optional"]),
        (Encryption::On, &["on", "true", "YES", "1", "Mandatory", "require"]),
        (Encryption::Strict, &["strict"]),
    ];
    for (encryption, words) in said {
        for word in words {
            assert_eq!(parse(&format!("mssql://u:p@h/d?encrypt={word}")).encryption, encryption, "{word}");
            assert_eq!(
                parse(&format!("Server=h;UID=u;PWD=p;Encrypt={word}")).encryption,
                encryption,
                "{word}"
            );
        }
    }
    assert!(
        failure("mssql://u:p@h/d?encrypt=maybe").contains("\"encrypt\" must be off, login, on or strict")
    );
}

#[test]
fn servers_are_found_in_every_spelling() {
    let place = |server: &str| {
        let login = parse(&format!("Server={server};UID=u;PWD=p"));
        (login.host, login.instance, login.port)
    };
    let expected =
        |host: &str, instance: Option<&str>, port| (host.to_owned(), instance.map(str::to_owned), port);
    for (server, host, instance, port) in [
        ("erp01", "erp01", None, None),
        ("tcp:erp01,1433", "erp01", None, Some(1433)),
        ("TCP: erp01 , 1433 ", "erp01", None, Some(1433)),
        ("erp01:14330", "erp01", None, Some(14330)),
        ("erp01\\SQLEXPRESS", "erp01", Some("SQLEXPRESS"), None),
        ("erp01\\\\SQLEXPRESS", "erp01", Some("SQLEXPRESS"), None),
        ("erp01\\KSM$1,14330", "erp01", Some("KSM$1"), Some(14330)),
        (".\\SQLEXPRESS", "localhost", Some("SQLEXPRESS"), None),
        ("(local)", "localhost", None, None),
        ("(LOCAL)\\MSSQLSERVER", "localhost", None, None),
        (".", "localhost", None, None),
        ("localhost", "localhost", None, None),
        ("[::1],1433", "::1", None, Some(1433)),
        ("[fe80::1%eth0]:1433", "fe80::1%eth0", None, Some(1433)),
        ("::1", "::1", None, None),
        ("10.0.0.7", "10.0.0.7", None, None),
        ("서버.ksm.kr", "서버.ksm.kr", None, None),
    ] {
        assert_eq!(place(server), expected(host, instance, port), "{server}");
    }
    for (url, name) in [
        ("mssql://u:p@ERP01\\SqlExpress/d", "mssql://u@erp01\\sqlexpress/d"),
        ("mssql://u:p@erp01%5CSQLEXPRESS/d", "mssql://u@erp01\\sqlexpress/d"),
        ("mssql://u:p@erp01%5csqlexpress:1444/d", "mssql://u@erp01:1444/d"),
        ("mssql://u:p@erp01,1444/d", "mssql://u@erp01:1444/d"),
        ("mssql://u:p@tcp:erp01,1444/d?application_name=a@b", "mssql://u@erp01:1444/d"),
        ("mssql://u:p@(local)/d", "mssql://u@localhost:1433/d"),
        ("mssql://u:p@./d/", "mssql://u@localhost:1433/d"),
        ("mssql://u:p@[::1]:1444/d", "mssql://u@[::1]:1444/d"),
        ("mssql://KSM\\bi:p@erp01/d", "mssql://KSM\\bi@erp01:1433/d"),
        ("jdbc:sqlserver://erp01\\SQLEXPRESS;user=u;password=p;database=d", "mssql://u@erp01\\sqlexpress/d"),
        ("jdbc:sqlserver://erp01;instanceName=SQLEXPRESS;user=u;password=p", "mssql://u@erp01\\sqlexpress"),
        ("jdbc:sqlserver://[::1]:1444;user=u;password=p", "mssql://u@[::1]:1444"),
        ("jdbc:sqlserver://;serverName=::1;user=u;password=p", "mssql://u@[::1]:1433"),
    ] {
        assert_eq!(parse(url).name(), name);
    }
    for (server, reason) in [
        ("np:\\\\erp01\\pipe\\sql\\query", "other than TCP"),
        ("\\\\.\\pipe\\sql\\query", "other than TCP"),
        ("lpc:erp01", "other than TCP"),
        ("(localdb)\\MSSQLLocalDB", "LocalDB"),
        ("admin:erp01", "administrator"),
        ("erp01,port", "port"),
        ("erp01,", "port"),
        ("erp01,0", "port"),
        ("erp01,+1433", "port"),
        ("erp01,70000", "port"),
        ("erp01\\", "instance"),
        ("erp01\\a b", "instance"),
        ("erp 01", "characters"),
        ("a:b,1433", "characters"),
        ("[::1", "characters"),
        ("[::g]", "characters"),
        (",1433", "no server"),
    ] {
        let message = failure(&format!("Server={server};UID=u;PWD=p"));
        assert!(message.contains(reason) && message.contains("hint"), "{server}: {message}");
    }
}

#[test]
fn windows_accounts_are_told_apart() {
    for text in [
        "Server=h;Integrated Security=SSPI",
        "Server=h;Trusted_Connection=yes;",
        "jdbc:sqlserver://h;integratedSecurity=true",
        "mssql+pyodbc://h/d?trusted_connection=yes",
    ] {
        assert_eq!(parse(text).authentication, Authentication::Windows { user: None, password: None });
    }
    let named = parse("Server=h;Integrated Security=true;User Id=KSM\\bi;Password=p");
    assert_eq!(
        named.authentication,
        Authentication::Windows { user: Some("KSM\\bi".to_owned()), password: Some("p".to_owned()) }
    );
    let sql = parse("Server=h;User Id=KSM\\bi;Password=p;Integrated Security=false");
    assert_eq!(
        sql.authentication,
        Authentication::Sql { user: "KSM\\bi".to_owned(), password: "p".to_owned() }
    );
    assert!(failure("Server=h;UID=u;PWD=p;Authentication=ActiveDirectoryPassword").contains("SqlPassword"));
    assert_eq!(parse("Server=h;UID=u;PWD=p;Authentication=Sql Password").user(), Some("u"));
}

#[test]
fn a_missing_password_comes_from_the_environment() {
    for text in [
        "mssql://u@h/d",
        "mssql://u:@h/d",
        "Server=h;UID=u",
        "Server=h;UID=u;PWD=",
        "jdbc:sqlserver://h;user=u",
    ] {
        let login = Login::parse_with(text, Some(OsString::from("from the 환경"))).unwrap();
        assert_eq!(password(&login), "from the 환경");
        let message = failure(text);
        assert!(message.contains("MSSQL_PASSWORD"), "{message}");
        assert_eq!(Login::parse_with(text, Some(OsString::new())).unwrap_err().to_string(), message);
    }
    let login = Login::parse_with("mssql://u:p@h/d", Some(OsString::from("other"))).unwrap();
    assert_eq!(password(&login), "p");
    let login =
        Login::parse_with("Server=h;Integrated Security=true", Some(OsString::from("other"))).unwrap();
    assert_eq!(login.authentication, Authentication::Windows { user: None, password: None });
    assert!(failure("mssql://h/d").contains("no user"));
}

#[test]
fn what_is_unknown_or_contradicts_itself_is_an_error() {
    for (text, words) in [
        ("mssql://u:p@h/d?foo=s3cret", "unknown keyword \"foo\""),
        ("Server=h;UID=u;Frobnicate=s3cret;PWD=p", "unknown keyword \"Frobnicate\""),
        ("Server=h;UID=u;PWD=\"p\";App=x;Frobnicate=s3cret", "unknown keyword \"Frobnicate\""),
        ("Server=h;UID=u;PWD=p;Encrpt=s3cret", "unknown keyword \"Encrpt\""),
        ("jdbc:sqlserver://h;user=u;pasword=s3cret", "unknown keyword \"pasword\""),
        ("Server=h;UID=u;PWD=a;s3cret=b", "follows the password"),
        ("mssql://h/d?user=u&password=a&s3cret=b", "follows the password"),
        ("Server=h;UID=u;s3cret=b;PWD=p", "unknown keyword"),
        ("Server=a;Data Source=b;UID=u;PWD=p", "the server is said twice"),
        ("Server=h;UID=u;PWD=s3cret;Password=s3cret2", "\"Password\" is said twice"),
        ("mssql://u:p@h:1433/d?port=1434", "\"port\" is said twice"),
        ("mssql://u:p@h/d?database=e", "\"database\" is said twice"),
        ("mssql://u:p@h/d?encrypt=on&Encrypt=no", "\"Encrypt\" is said twice"),
        ("mssql://u:p@h/d?trust_cert=true&ca=/x", "any certificate is trusted"),
        ("mssql://u:p@h/d?encrypt=off&ca=/x", "nothing is encrypted"),
        ("mssql://u:p@h/d?trust_cert=s3cret", "must be true or false"),
        ("mssql://u:p@h/d?trust_cert", "list of options"),
        ("mssql://u:p@h/d?connect_timeout=0", "seconds"),
        ("mssql://u:p@h/d?idle_timeout=-5", "seconds"),
        ("mssql://u:p@h/d?packet_size=100", "512 to 32767"),
        ("mssql://u:p@h/d?application_intent=s3cret", "ReadOnly"),
        ("mssql://u:p@h/a%0Ab", "control characters"),
        ("mssql://u:p@h:port/d", "port"),
        ("mssql://u:s3cret%ff@h/d", "UTF-8"),
        ("mssql://", "no server"),
        ("Database=d;Server=;UID=u;PWD=p", "no server"),
        ("DSN=erp;UID=u;PWD=p", "ODBC settings"),
        ("Server=h;AttachDbFilename=x.mdf;UID=u;PWD=p", "attaches a file"),
        ("Server=h;Network Library=dbnmpntw;UID=u;PWD=p", "other than TCP"),
        ("Server=h;Column Encryption Setting=Enabled;UID=u;PWD=p", "Always Encrypted"),
        ("jdbc:sqlserver:h;user=u", "not well formed"),
        ("jdbc:jtds:sqlserver://h/d;user=u", "jTDS"),
        ("jdbc:sqlserver://h;user=u;password=p;trustStore=x;trustStorePassword=s3cret", "key store"),
        ("sqlite:///erp.db", "does not name a SQL Server"),
        ("s3cret", "does not name a SQL Server"),
    ] {
        let message = failure(text);
        assert!(message.contains(words) && !message.contains("s3cret"), "{text}: {message}");
    }
    let long = "x".repeat(129);
    assert!(failure(&format!("mssql://u:{long}@h/d")).contains("128"));
    assert!(failure(&format!("mssql://{long}:p@h/d")).contains("128"));
    // Said twice, but the same.
    parse("mssql://u:p@h:1433/d?database=d&port=1433&encrypt=yes&Encrypt=true");
}

#[test]
fn other_databases_are_left_alone() {
    for text in [
        "sqlite:///srv/erp.db",
        "sqlite:///srv/erp.db?server=x;y=z",
        "postgresql://u:p@h/d?application_name=server=1",
        "postgres://u:Server=x;@h/d",
        "mysql://u:p@h/d",
        "jdbc:postgresql://h/d",
        "host=localhost user=postgres password=x dbname=erp",
        "Driver={Microsoft Access Driver (*.mdb, *.accdb)};DBQ=C:\\erp.accdb",
        "Provider=Microsoft.ACE.OLEDB.12.0;Data Source=C:\\erp.accdb",
        "Driver={PostgreSQL Unicode};Server=h;UID=u;PWD=p",
        "/srv/erp.db",
        "erp.mdb",
        "",
    ] {
        assert!(!is_sql_server(text), "{text}");
        assert!(read(text).is_err());
    }
    for text in [
        "mssql://",
        "SQLSERVER://h",
        "mssql+pyodbc://h",
        "jdbc:sqlserver:x",
        "Server=h",
        "odbc:server=h",
        "DSN=erp",
    ] {
        assert!(is_sql_server(text), "{text}");
    }
}

#[test]
fn the_name_is_the_same_in_every_form() {
    for text in forms("p;a'b\"c}d%41 e@/?#&") {
        let login = parse(&text);
        assert_eq!(login.name(), "mssql://FKSM_BI@erp01:1433/KsmErp", "{text}");
        assert_eq!(login.to_string(), login.name());
        assert_eq!(password(&login), "p;a'b\"c}d%41 e@/?#&", "{text}");
    }
}

/// The text with one character taken out, put in or replaced.
fn mutations(text: &str) -> impl Iterator<Item = String> {
    let chars: Vec<char> = text.chars().collect();
    (0..chars.len()).flat_map(move |at| {
        let with = |middle: &str, skip: usize| {
            let (before, after): (String, String) =
                (chars[..at].iter().collect(), chars[at + skip..].iter().collect());
            format!("{before}{middle}{after}")
        };
        let mut all = vec![with("", 1)];
        for c in ["=", ";", "&", "?", "@", ":", "/", "{", "}", "\"", "'", "%", "\\", "x"] {
            all.push(with(c, 1));
            all.push(with(c, 0));
        }
        all
    })
}

#[test]
fn no_message_shows_the_password_however_the_text_is_garbled() {
    let mut failed = 0;
    for form in forms("Tr0ub4dor") {
        for text in mutations(&form) {
            match read(&text) {
                Err(failure) => {
                    failed += 1;
                    assert!(!format!("{failure} {failure:?}").contains("Tr0ub4dor"), "{text}: {failure}");
                }
                // Where the text makes a name of it, that is what it says: `u_Tr0ub4dor@host`.
                Ok(login)
                    if [
                        login.user(),
                        login.database.as_deref(),
                        Some(&login.host),
                        Some(&login.application),
                    ]
                    .iter()
                    .flatten()
                    .any(|name| name.contains("Tr0ub4dor")) => {}
                Ok(login) => assert!(!format!("{login} {login:?}").contains("Tr0ub4dor"), "{text}"),
            }
        }
    }
    assert!(failed > 1000, "only {failed} of the mutations are errors");
}

#[test]
fn no_part_of_a_garbled_password_becomes_a_keyword_that_is_shown() {
    for form in forms("Tr0ub;Xyzzy=4dor") {
        for text in mutations(&form) {
            if let Err(failure) = read(&text) {
                assert!(!failure.to_string().contains("Xyzzy"), "{text}: {failure}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_password_comes_back_from_every_form(secret in any::<String>().prop_map(|s| s.chars().take(30).collect::<String>())) {
        prop_assume!(!secret.is_empty());
        for text in forms(&secret) {
            let login = read(&text);
            prop_assert!(login.is_ok(), "{}: {:?}", text, login);
            let login = login.unwrap();
            prop_assert_eq!(password(&login), secret.as_str(), "{}", text);
            prop_assert_eq!(login.name(), "mssql://FKSM_BI@erp01:1433/KsmErp");
        }
    }

    #[test]
    fn any_password_of_signs_comes_back_raw_from_urls(secret in "[!@#/?&=;:'\"{}+~a-c1 비밀]{1,20}") {
        for scheme in ["mssql", "mssql+pyodbc"] {
            let login = read(&format!("{scheme}://FKSM_BI:{secret}@erp01:1433/KsmErp?encrypt=on"));
            prop_assert!(login.is_ok(), "{:?}", login);
            let login = login.unwrap();
            prop_assert_eq!((password(&login), login.host.as_str()), (secret.as_str(), "erp01"));
        }
    }

    #[test]
    fn garbage_is_an_error_not_a_panic(text in "\\PC{0,60}", bytes in any::<String>()) {
        for text in [&text, &bytes] {
            let _ = is_sql_server(text);
            for start in ["", "mssql://", "mssql://u:p@", "mssql://u:p@h/d?", "Server=", "Server=h;UID=u;PWD=", "Driver={SQL Server};Server=h;PWD={", "jdbc:sqlserver://", "jdbc:sqlserver://h;", "sqlserver://h;user=", "odbc:server=", "mssql+pyodbc:///?odbc_connect="] {
                if let Ok(login) = read(&format!("{start}{text}")) {
                    prop_assert!(!login.host.is_empty() && login.port != Some(0));
                    prop_assert!(!login.to_string().contains('\n'));
                }
                let text = format!("{start}{text}");
                prop_assert!(is_sql_server(&text) || read(&text).is_err(), "{}", text);
            }
        }
    }

    #[test]
    fn strings_of_keywords_are_read_or_refused(words in proptest::collection::vec("(;|=|\"|'|\\{|\\}|Server|UID|PWD|Encrypt|Driver|h|u|,1433|true| ){1}", 0..30)) {
        let text = words.concat();
        let _ = (is_sql_server(&text), read(&text), read(&format!("jdbc:sqlserver://{text}")));
    }

    #[test]
    fn no_message_shows_any_password_of_a_text_with_a_slip(
        before in SIGNS, behind in SIGNS, form in 0usize..14, place in any::<prop::sample::Index>(),
        put in "[=;&?@:/{}\"'%\\\\x]{0,2}", taken in 0usize..2,
    ) {
        let mut text: Vec<char> = forms(&format!("{before}Xyzzy{behind}"))[form].chars().collect();
        let at = place.index(text.len());
        text.splice(at..at + taken, put.chars());
        let text: String = text.into_iter().collect();
        if let Err(failure) = read(&text) {
            let shown = format!("{failure} {failure:?}");
            prop_assert!(!shown.contains("Xyzzy") && !shown.contains("%58%79"), "{}: {}", text, failure);
        }
    }

    #[test]
    fn the_name_of_a_place_is_read_as_the_same_place(
        host in "[a-zA-Z0-9][a-z0-9.-]{0,12}|::1|fe80::7|\\.|서버", instance in "(\\\\[A-Za-z][A-Za-z0-9_$#]{0,8})?",
        port in proptest::option::of(1u16..), database in "[A-Za-z_가-힣]{0,10}", user in "(KSM\\\\)?[A-Za-z_가-힣]{1,8}",
    ) {
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let port = port.map_or(String::new(), |port| format!(",{port}"));
        let text = format!("Server={host}{instance}{port};Database={database};User Id={user};Password=p");
        let name = read(&text).map_err(|failure| TestCaseError::fail(format!("{text}: {failure}")))?.name();
        let again = Login::parse_with(&name, Some(OsString::from("p")));
        prop_assert_eq!(again.map_err(|failure| TestCaseError::fail(format!("{name}: {failure}")))?.name(), name);
    }
}

/// Signs that mean something in one of the forms.
const SIGNS: &str = "[;=@&?{}'\":/%+,\\\\ a-c가]{0,6}";

#[test]
fn long_garbage_ends() {
    let starts = [
        "",
        "mssql://",
        "mssql://u:p@h/d?",
        "Server=h;UID=u;PWD=",
        "Driver={SQL Server};Server=h;PWD={",
        "jdbc:sqlserver://h;",
        "sqlserver://h;user=",
        "mssql+pyodbc:///?odbc_connect=",
    ];
    for piece in [
        "{", "}", "}}", "\"", "\"\"", "'", "=", "==", ";", "a=b;", "UID=u;", "?", "?a=&b=1", "&", "@", "%",
        "%25", "\\", "[", ":", ",", "x",
    ] {
        for start in starts {
            // A URL is refused where it is longer than any.
            for length in [8000, 100_000] {
                let text = format!("{start}{}", piece.repeat(length / piece.len()));
                let _ = (is_sql_server(&text), read(&text));
            }
        }
    }
}
