//! The proof: what it costs to verify a table, to find ten rows among a million, to ask the source for its own account, and
//! to isolate the rows that cannot be loaded.

use anyhow::{Result, ensure};

use super::{Bench, MD5, Measured, line, median};

/// Everything that is known of a table: row and column digests, count, exact sums, NULLs, smallest and largest values, lengths.
const WITNESS: &str = "SELECT rsl.table_witness('reference')";

impl Bench {
    pub fn run_proof(&self, repeats: usize) -> Result<Vec<Measured>> {
        self.database.run(
            "VACUUM ANALYZE reference;
             DROP TABLE IF EXISTS other; CREATE TABLE other (LIKE reference INCLUDING ALL); INSERT INTO other SELECT * FROM reference;
             UPDATE other SET qty = qty + 1 WHERE row_id IN (SELECT row_id FROM reference ORDER BY row_id LIMIT 10 OFFSET 1000);
             VACUUM ANALYZE other",
        )?;
        let [witness, md5] = self.in_turns(repeats, [(0, WITNESS), (0, MD5)])?;
        let [alone, parallel] = self.in_turns(repeats, [(0, WITNESS), (2, WITNESS)])?;
        let digests = "SELECT rsl.table_digest('reference') || rsl.table_digest('other')";
        let diff = "SELECT string_agg(d::text, ' ') FROM rsl.diff('reference', 'other') d";
        ensure!(
            self.database.value("SELECT count(*) FROM rsl.diff('reference', 'other')")? == "10",
            "ten rows were changed"
        );
        let [diff, digests] = self.in_turns(repeats, [(0, diff), (0, digests)])?;
        let (with, without) = self.source_account(repeats)?;
        let (clean, orphans) = self.rejects(repeats)?;
        Ok(vec![
            line(
                "rsl.table_witness: all that can be verified of the table",
                witness,
                "md5 aggregate",
                md5,
                "s",
                0.2,
            ),
            line("rsl.table_witness, 2 parallel workers", parallel, "one process", alone, "s", 1.0 / 1.6),
            line("rsl.diff of two tables, 10 rows differ", diff, "two digests", digests, "s", 1.5),
            line("pull from SQLite with the source's own account", with, "without", without, "s", 1.25),
            line(
                "pull of which 3 rows are refused for a foreign key",
                orphans,
                "of none",
                clean,
                "s",
                f64::INFINITY,
            ),
        ])
    }

    /// Seconds of a pull with and without the first witness.
    fn source_account(&self, repeats: usize) -> Result<(f64, f64)> {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for _ in 0..repeats {
            for (option, seconds) in [(None, &mut with), (Some("--no-source-account"), &mut without)] {
                self.database.run("DROP TABLE IF EXISTS appended; CHECKPOINT")?;
                let mut options = vec!["--into", "public.appended"];
                options.extend(option);
                seconds.push(self.pull("bench.db", &options)?.seconds);
            }
        }
        Ok((median(with), median(without)))
    }

    /// Seconds of a pull into a table with a foreign key, without rejects and with three.
    fn rejects(&self, repeats: usize) -> Result<(f64, f64)> {
        let (mut clean, mut orphans) = (Vec::new(), Vec::new());
        for _ in 0..repeats {
            for (condition, seconds) in
                [("false", &mut clean), ("row_id IN (7, 70007, 700007)", &mut orphans)]
            {
                self.database.run(&format!(
                    "DROP TABLE IF EXISTS child, parent CASCADE;
                     CREATE TABLE parent (id bigint PRIMARY KEY);
                     INSERT INTO parent SELECT row_id FROM reference WHERE NOT ({condition});
                     CREATE TABLE child (LIKE reference INCLUDING ALL, FOREIGN KEY (row_id) REFERENCES parent);
                     VACUUM ANALYZE parent; CHECKPOINT"
                ))?;
                let options = ["--into", "public.child", "--max-rejects", "3"];
                let pulled = self.pull_some("bench.db", &options)?;
                ensure!(
                    pulled.code == i32::from(condition != "false"),
                    "rsl pull ended with code {}",
                    pulled.code
                );
                seconds.push(pulled.seconds);
            }
        }
        Ok((median(clean), median(orphans)))
    }
}
