//! SQL-callable functions that take the call frame itself.

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
