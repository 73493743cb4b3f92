//! What the row triggers of this extension share: their call, the row that it is about, and the settings of the trigger.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::rc::Rc;

use pgrx::prelude::*;
use pgrx::spi::OwnedPreparedStatement;
use pgrx::{JsonB, PgMemoryContexts, pg_sys};
use serde_json::Value;

use crate::books::internal;
use crate::owner::as_owner;
use crate::{Result, report, spi};

thread_local! {
    /// Statements that triggers run for every row, planned once a session.
    static PLANS: RefCell<HashMap<String, Rc<OwnedPreparedStatement>>> = RefCell::default();
}

/// The first column of the only row of a statement that stays planned.
pub fn planned<T: FromDatum + IntoDatum>(
    sql: &str,
    args: &[pgrx::datum::DatumWithOid<'_>],
) -> Result<Option<T>> {
    let types: Vec<pg_sys::PgOid> = args.iter().map(|arg| pg_sys::PgOid::from(arg.oid())).collect();
    let name = format!("{types:?} {sql}");
    Spi::connect_mut(|client| {
        // A copy of the pointer: a statement may run triggers that come here too.
        let plan = PLANS.with_borrow(|plans| plans.get(&name).cloned());
        let plan = match plan {
            Some(plan) => plan,
            None => {
                let plan = Rc::new(client.prepare_mut(sql, &types)?.keep());
                PLANS.with_borrow_mut(|plans| {
                    // One for each shape of a key: few, unless tables come and go.
                    if plans.len() > 100 {
                        plans.clear();
                    }
                    plans.insert(name, plan.clone());
                });
                plan
            }
        };
        let rows = client.update(&*plan, None, args)?;
        if rows.is_empty() { Ok(None) } else { rows.first().get_one::<T>() }
    })
    .map_err(spi)
}

/// A call of a trigger function for one row.
pub struct Call {
    fcinfo: pg_sys::FunctionCallInfo,
    data: *mut pg_sys::TriggerData,
}

impl Call {
    /// The call, if it is that of a row trigger.
    ///
    /// # Safety
    /// `fcinfo` is the frame of the call under way, and the call does not outlive it.
    pub unsafe fn new(fcinfo: pg_sys::FunctionCallInfo) -> Result<Self> {
        // SAFETY: the caller vouches for the frame; its context, if it is that of a trigger, is the trigger's data.
        unsafe {
            if !pgrx::trigger_support::called_as_trigger(fcinfo) {
                return Err(not_a_row_trigger());
            }
            let call = Call { fcinfo, data: (*fcinfo).context.cast() };
            if !pgrx::trigger_support::trigger_fired_for_row(call.event()) {
                return Err(not_a_row_trigger());
            }
            Ok(call)
        }
    }

    /// What happened to the row, as the server's flags say it.
    pub fn event(&self) -> u32 {
        // SAFETY: the data of the trigger live as long as the call.
        unsafe { (*self.data).tg_event }
    }

    pub fn is_update(&self) -> bool {
        pgrx::trigger_support::trigger_fired_by_update(self.event())
    }

    pub fn is_delete(&self) -> bool {
        pgrx::trigger_support::trigger_fired_by_delete(self.event())
    }

    /// The row as it was before an update or a delete.
    pub fn old(&self) -> Row {
        // SAFETY: as in `event`; the tuple and the relation live as long as the call, too.
        unsafe { Row { tuple: (*self.data).tg_trigtuple, shape: (*(*self.data).tg_relation).rd_att } }
    }

    /// The row after an insert or an update.
    pub fn new_row(&self) -> Row {
        if !self.is_update() {
            return self.old();
        }
        // SAFETY: as in `old`.
        unsafe { Row { tuple: (*self.data).tg_newtuple, shape: (*(*self.data).tg_relation).rd_att } }
    }

    /// Whether the statement names the column among those that it sets.
    pub fn sets(&self, column: &Column) -> bool {
        let bit = i32::from(column.number) - pg_sys::FirstLowInvalidHeapAttributeNumber;
        // SAFETY: as in `event`; no set is an empty set.
        unsafe { pg_sys::bms_is_member(bit, (*self.data).tg_updatedcols) }
    }

    /// Something made at the first row of a statement and kept for the others.
    pub fn kept<T>(&self, make: impl FnOnce(&Settings, &Row) -> Result<T>) -> Result<&T> {
        // SAFETY: the function's information outlives the call; what hangs on it is of this type, because one function
        // keeps one type, and is dropped with the memory that the server has set aside for it.
        unsafe {
            let info = (*self.fcinfo).flinfo;
            if (*info).fn_extra.is_null() {
                let settings = Settings::of((*(*self.data).tg_trigger).tgoid)?;
                let kept = make(&settings, &self.new_row())?;
                (*info).fn_extra =
                    PgMemoryContexts::For((*info).fn_mcxt).leak_and_drop_on_delete(kept).cast();
            }
            Ok(&*(*info).fn_extra.cast::<T>())
        }
    }
}

fn not_a_row_trigger() -> pg_sys::panic::ErrorReport {
    report(
        PgSqlErrorCode::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
        "this function is the trigger of rsl.phase_on or rsl.freshness_on and nothing else",
    )
    .set_hint("Call one of them for the table.")
}

/// The settings of a trigger, see `rsl.track_trigger`.
pub struct Settings(Value);

impl Settings {
    fn of(trigger: pg_sys::Oid) -> Result<Self> {
        let settings = as_owner(|| planned::<JsonB>("SELECT rsl.track_trigger($1)", &[trigger.into()]))?;
        let JsonB(value) = settings.ok_or_else(|| internal("the trigger is not in the catalogue"))?;
        let settings = Settings(value);
        if let Some((role, name)) =
            settings.0["settings"]["missing"].as_object().and_then(|gone| gone.iter().next())
        {
            return Err(settings.wrong(&format!("column {name}, its {role}, is gone")));
        }
        Ok(settings)
    }

    /// The error for settings that cannot be followed: never may the trigger do nothing without a word.
    pub fn wrong(&self, why: &str) -> pg_sys::panic::ErrorReport {
        let table = self.name("name");
        report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("a trigger of rsl on {table} cannot do its work: {why}"),
        )
        .set_hint("Its owner turns it off and on again, with the columns that the table has now: rsl.phase_off and rsl.phase_on, or rsl.freshness_off and rsl.freshness_on.")
    }

    /// A name of the table: `schema`, `table`, or `name`, both of them as SQL writes them.
    pub fn name(&self, part: &str) -> String {
        self.0[part].as_str().unwrap_or_default().to_owned()
    }

    /// The columns of the primary key.
    pub fn key(&self) -> impl Iterator<Item = &str> {
        self.0["key"].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    pub fn get(&self, role: &str) -> &Value {
        &self.0["settings"][role]
    }

    /// The column that has a role, if one was named for it.
    pub fn column(&self, role: &str, row: &Row) -> Result<Option<Column>> {
        match self.get(role).as_str() {
            Some(name) => {
                row.column(name).map(Some).ok_or_else(|| self.wrong(&format!("it has no column \"{name}\"")))
            }
            None => Ok(None),
        }
    }

    /// The column that has a role, which must be there.
    pub fn needed(&self, role: &str, row: &Row) -> Result<Column> {
        self.column(role, row)?.ok_or_else(|| self.wrong(&format!("no {role} is named in its settings")))
    }
}

/// A column of the table that a trigger is on; of a partition, numbered as in the partition.
pub struct Column {
    pub name: String,
    pub number: i16,
    pub type_oid: pg_sys::Oid,
    /// Without domains.
    pub base_type: pg_sys::Oid,
    pub modifier: i32,
}

impl Column {
    pub fn is_time(&self) -> bool {
        matches!(self.base_type, pg_sys::TIMESTAMPOID | pg_sys::TIMESTAMPTZOID)
    }
}

/// A row of a table; it must not outlive the call that it came with.
pub struct Row {
    pub tuple: pg_sys::HeapTuple,
    pub shape: pg_sys::TupleDesc,
}

impl Row {
    pub fn column(&self, name: &str) -> Option<Column> {
        let c_name = CString::new(name).ok()?;
        // SAFETY: the shape of the table is valid during the call, and the number is one of its columns.
        unsafe {
            let number = pg_sys::SPI_fnumber(self.shape, c_name.as_ptr());
            if number <= 0 {
                return None;
            }
            let type_oid = pg_sys::SPI_gettypeid(self.shape, number);
            let attribute = pgrx::tupdesc::PgTupleDesc::from_pg_unchecked(self.shape);
            let modifier = attribute.get(number as usize - 1).map_or(-1, |attribute| attribute.atttypmod);
            Some(Column {
                name: name.to_owned(),
                number: number as i16,
                type_oid,
                base_type: pg_sys::getBaseType(type_oid),
                modifier,
            })
        }
    }

    /// A value, as stored.
    pub fn datum(&self, column: &Column) -> Option<pg_sys::Datum> {
        let mut is_null = false;
        // SAFETY: the row has this shape, and the shape this column.
        let datum =
            unsafe { pg_sys::SPI_getbinval(self.tuple, self.shape, column.number.into(), &mut is_null) };
        (!is_null).then_some(datum)
    }

    /// A value as text. What pads a char(n) is no part of it.
    pub fn text(&self, column: &Column) -> Option<String> {
        // SAFETY: as in `datum`; the text is allocated in the memory of this call.
        unsafe {
            let text = pg_sys::SPI_getvalue(self.tuple, self.shape, column.number.into());
            if text.is_null() {
                return None;
            }
            let text = CStr::from_ptr(text).to_string_lossy();
            let is_padded = column.base_type == pg_sys::BPCHAROID;
            Some(if is_padded { text.trim_end_matches(' ').to_owned() } else { text.into_owned() })
        }
    }

    /// A timestamp, in microseconds since 2000; one without time zone is read as UTC.
    pub fn time(&self, column: &Column) -> Option<i64> {
        self.datum(column).map(|datum| datum.value() as i64)
    }
}
