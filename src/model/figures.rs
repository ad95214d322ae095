//! Records of figures: plain numbers that are added up field by field.

/// What sums are made of.
pub trait Figure {
    /// Becomes what `with` makes of it and of another, number by number.
    fn combine(&mut self, other: &Self, with: fn(u64, u64) -> u64);
}

impl Figure for u64 {
    fn combine(&mut self, other: &Self, with: fn(u64, u64) -> u64) {
        *self = with(*self, *other);
    }
}

/// Declares a record once, so that no sum forgets a field: the fields in `sums { … }` are its figures, [`Figure`]s
/// themselves, and the record is one by them. Those before and after are no part of any sum. Fields keep their order,
/// attributes and names, and so does what serde makes of them.
///
/// `counts Fault { refused: Refused, … }` instead of fields makes a figure for each variant of an enum, exhaustively:
/// `of` gives the one of a value.
macro_rules! figures {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident {
            $($(#[$before_meta:meta])* pub $before:ident: $Before:ty,)*
            sums { $($(#[$field_meta:meta])* pub $field:ident: $Field:ty,)* }
            $($(#[$after_meta:meta])* pub $after:ident: $After:ty,)*
        }
    ) => {
        $(#[$meta])*
        pub struct $Name {
            $($(#[$before_meta])* pub $before: $Before,)*
            $($(#[$field_meta])* pub $field: $Field,)*
            $($(#[$after_meta])* pub $after: $After,)*
        }

        impl $crate::model::Figure for $Name {
            fn combine(&mut self, other: &Self, with: fn(u64, u64) -> u64) {
                $($crate::model::Figure::combine(&mut self.$field, &other.$field, with);)*
            }
        }

        impl $Name {
            /// A record without any figures.
            #[allow(dead_code, reason = "a record without other fields has a default")]
            fn zero($($before: $Before,)* $($after: $After,)*) -> Self {
                Self { $($before,)* $($field: Default::default(),)* $($after,)* }
            }
        }
    };
    (
        $(#[$meta:meta])*
        pub struct $Name:ident counts $Enum:ident { $($field:ident: $Variant:ident,)* }
    ) => {
        $crate::model::figures::figures! {
            $(#[$meta])*
            pub struct $Name {
                sums {
                    $(
                        #[doc = concat!("How many of [`", stringify!($Enum), "::", stringify!($Variant), "`].")]
                        pub $field: u64,
                    )*
                }
            }
        }

        impl $Name {
            /// The figure of a value.
            pub fn of(&mut self, value: $Enum) -> &mut u64 {
                match value { $($Enum::$Variant => &mut self.$field,)* }
            }
        }
    };
}

pub(crate) use figures;
