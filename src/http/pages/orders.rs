//! Orders that a page can give: only a script can give them, to whoever knows the administrator's password.

use maud::{Markup, html};

use crate::http::text::{Tongue, w};

/// What a page may say of orders to whoever looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Orders {
    /// There is no administrator.
    Off,
    /// The password would be seen on its way.
    InClear,
    /// Whoever knows the password may give them.
    Possible,
}

/// The place where they are given.
pub(super) fn orders(orders: Orders, tongue: Tongue) -> Markup {
    html! {
        section.card aria-labelledby="t-ordenes" {
            h2 #t-ordenes { (w!(tongue, "web-orders")) }
            @match orders {
                Orders::Off => p.quiet.small { (w!(tongue, "web-orders-off")) },
                Orders::InClear => p.quiet.small { (w!(tongue, "web-orders-in-clear")) },
                Orders::Possible => {
                    noscript { p.quiet.small { (w!(tongue, "web-orders-script")) } }
                    (forms(tongue))
                }
            }
        }
    }
}

fn forms(tongue: Tongue) -> Markup {
    html! {
        form.orders #entrar hidden {
            label for="contrasena" { (w!(tongue, "web-password")) }
            div {
                input #contrasena type="password" autocomplete="current-password" required;
                button.main { (w!(tongue, "web-unlock")) }
            }
        }
        div #mandos hidden {
            form.orders #limites {
                label for="max" { (w!(tongue, "web-most-downloads")) }
                div {
                    input #max type="number" min="1" max="10000" required;
                    button { (w!(tongue, "web-set")) }
                }
            }
            section.list.empty aria-labelledby="t-clientes" {
                h2 #t-clientes { (w!(tongue, "web-clients")) }
                p.quiet.small.nothing { (w!(tongue, "web-no-clients")) }
                table {
                    thead.unseen { tr {
                        th scope="col" { (w!(tongue, "web-client")) }
                        th scope="col" { (w!(tongue, "web-orders")) }
                    } }
                    tbody #clientes {}
                }
                template #nuevo-cliente { tr {
                    th scope="row" { span data-f="name" {} div.quiet.small data-f="doing" {} }
                    td.number { button.small type="button" data-order="expel" { (w!(tongue, "web-expel")) } }
                } }
            }
        }
        p.said #dicho role="status" {}
    }
}
