//! SQL-callable functions that take the call frame itself.

use pgrx::{PgMemoryContexts, PgSqlErrorCode, pg_sys};

use crate::{raise, report};

/// Exports `$function` to PostgreSQL under the C symbol `$symbol`, whose call information is `$info`: the names that
/// the server derives from the `AS` clause of CREATE FUNCTION. pgrx's own wrapper converts every argument through a
/// general interface; for the step of an aggregate over a million rows that would cost more than the step.
macro_rules! sql_function {
    ($symbol:ident, $info:ident, $function:path) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub extern "C" fn $info() -> &'static pgrx::pg_sys::Pg_finfo_record {
            const VERSION_1: pgrx::pg_sys::Pg_finfo_record = pgrx::pg_sys::Pg_finfo_record { api_version: 1 };
            &VERSION_1
        }

        #[doc(hidden)]
        #[unsafe(no_mangle)]
        #[pgrx::pg_guard]
        pub unsafe extern "C-unwind" fn $symbol(
            fcinfo: pgrx::pg_sys::FunctionCallInfo,
        ) -> pgrx::pg_sys::Datum {
            // SAFETY: PostgreSQL calls this with a frame of the arguments that CREATE FUNCTION declares.
            unsafe { $function(fcinfo) }
        }
    };
}

pub(crate) use sql_function;

/// The arguments of a call.
///
/// # Safety
/// `fcinfo` is a call frame.
#[inline]
pub unsafe fn arguments<'a>(fcinfo: pg_sys::FunctionCallInfo) -> &'a [pg_sys::NullableDatum] {
    // SAFETY: the frame ends with `nargs` arguments.
    unsafe { (*fcinfo).args.as_slice((*fcinfo).nargs as usize) }
}

/// An argument that is not NULL.
#[inline]
pub fn present(argument: &pg_sys::NullableDatum) -> Option<pg_sys::Datum> {
    (!argument.isnull).then_some(argument.value)
}

/// What a call returns that returns NULL.
///
/// # Safety
/// `fcinfo` is a call frame.
pub unsafe fn null(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: see above.
    unsafe { (*fcinfo).isnull = true };
    pg_sys::Datum::from(0)
}

/// Gives a new state to the aggregate that calls, whose memory context owns it. Raises if no aggregate calls.
///
/// # Safety
/// `fcinfo` is a call frame.
pub unsafe fn aggregate_state<'a, T>(fcinfo: pg_sys::FunctionCallInfo, state: T) -> &'a mut T {
    let mut context = std::ptr::null_mut();
    // SAFETY: fills in the aggregate's memory context if there is one.
    unsafe {
        if pg_sys::AggCheckCallContext(fcinfo, &mut context) == 0 {
            raise(report(
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
                "this function is part of an aggregate",
            ));
        }
        &mut *PgMemoryContexts::For(context).leak_and_drop_on_delete(state)
    }
}

/// Raises if the arguments came as one array.
///
/// # Safety
/// `fcinfo` is a call frame of a function with `VARIADIC "any"`.
pub unsafe fn refuse_array(fcinfo: pg_sys::FunctionCallInfo) {
    // SAFETY: see above.
    if unsafe { pg_sys::get_fn_expr_variadic((*fcinfo).flinfo) } {
        raise(
            report(PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED, "VARIADIC of an array is not supported")
                .set_hint("Name the columns one by one."),
        );
    }
}
