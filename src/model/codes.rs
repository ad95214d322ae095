//! Stable names of errors: short texts in kebab case that programs, logs and documentation go by. Each enum of
//! errors has one table, of which both its `code` and its list are made.

/// Gives an enum a method that tells a value's code, and `CODES`: all of them, in order.
///
/// The table is exhaustive, so that a variant without a code does not compile. After `in` come the variants that
/// hold another error, whose code is theirs.
macro_rules! error_codes {
    (
        $type:ty, $method:ident {
            $($pattern:pat => $code:literal,)*
        }
        $(in { $($outer:pat => $inner:expr,)+ })?
    ) => {
        impl $type {
            /// Every code of its own, in the order of the variants; docs/en/problems.md has a section for each.
            pub const CODES: &'static [&'static str] = &[$($code),*];

            /// Its stable name, for programs and for people who look it up.
            pub fn $method(&self) -> &'static str {
                match self {
                    $($pattern => $code,)*
                    $($($outer => $inner,)+)?
                }
            }
        }
    };
}

pub(crate) use error_codes;
