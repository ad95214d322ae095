//! Orders to figures that wait for the central's answer. None is repeated by itself on another link, as it may have been
//! obeyed: whoever gave it is told that there is no answer.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

use super::ClientError;
use crate::model::{
    FigureAnswer, FigureName, FigureOrder, FigureValue, RequestId,
    limits::MAX_FIGURES,
    messages::{Counted, Counting},
};

type Answer<T> = oneshot::Sender<Result<T, ClientError>>;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Counts {
    last: u64,
    orders: BTreeMap<RequestId, Answer<FigureAnswer>>,
    lists: BTreeMap<RequestId, (Vec<FigureValue>, Answer<Vec<FigureValue>>)>,
}

impl Counts {
    fn next(&mut self) -> RequestId {
        self.last += 1;
        RequestId(self.last)
    }

    /// What to send for an order.
    pub(super) fn order(
        &mut self,
        name: FigureName,
        order: FigureOrder,
        answer: Answer<FigureAnswer>,
    ) -> Counting {
        let request = self.next();
        self.orders.insert(request, answer);
        Counting::Count {
            request,
            name,
            order,
        }
    }

    /// What to send for the list of all.
    pub(super) fn list(&mut self, answer: Answer<Vec<FigureValue>>) -> Counting {
        let request = self.next();
        self.lists.insert(request, (Vec::new(), answer));
        Counting::CountList {
            request,
            after: None,
        }
    }

    /// The central answers; gives what to ask next.
    pub(super) fn answered(&mut self, counted: Counted) -> Option<Counting> {
        match counted {
            Counted::CountValue { request, figure } => {
                let answer = self.orders.remove(&request)?;
                let _ = answer.send(Ok(Ok(figure)));
            }
            Counted::CountRefused { request, error } => {
                let answer = self.orders.remove(&request)?;
                let _ = answer.send(Ok(Err(error)));
            }
            Counted::CountFigures {
                request,
                figures,
                more,
            } => {
                let (mut all, answer) = self.lists.remove(&request)?;
                let before = all.last().map(|figure| figure.name.clone());
                let after = figures.last().map(|figure| figure.name.clone());
                all.extend(figures);
                // Pages that repeat, or never end, are not followed.
                if more && after > before && all.len() <= MAX_FIGURES {
                    self.lists.insert(request, (all, answer));
                    return Some(Counting::CountList { request, after });
                }
                let _ = answer.send(Ok(all));
            }
        }
        None
    }

    /// No answer will come. True when somebody has waited for one.
    pub(super) fn fail(&mut self, error: &ClientError) -> bool {
        let mut is_heard = false;
        for (_, answer) in std::mem::take(&mut self.orders) {
            is_heard |= answer.send(Err(error.clone())).is_ok();
        }
        for (_, (_, answer)) in std::mem::take(&mut self.lists) {
            is_heard |= answer.send(Err(error.clone())).is_ok();
        }
        is_heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FigureError;

    fn figure(name: &str, value: i64) -> FigureValue {
        let name = FigureName::try_from(name).unwrap();
        FigureValue { name, value }
    }

    #[test]
    fn answers_find_their_orders_and_lists_end() {
        let mut counts = Counts::default();
        let (answer, mut first) = oneshot::channel();
        let asked = counts.order(FigureName::default(), FigureOrder::Add(1), answer);
        assert!(matches!(asked, Counting::Count { .. }));
        let (answer, mut second) = oneshot::channel();
        counts.order(FigureName::default(), FigureOrder::Reset, answer);
        let (answer, mut listed) = oneshot::channel();
        counts.list(answer);
        let error = FigureError::ResetDenied;
        let refused = Counted::CountRefused {
            request: RequestId(2),
            error: error.clone(),
        };
        counts.answered(refused);
        let value = figure("contador", 7);
        counts.answered(Counted::CountValue {
            request: RequestId(1),
            figure: value.clone(),
        });
        assert_eq!(first.try_recv().unwrap(), Ok(Ok(value)));
        assert_eq!(second.try_recv().unwrap(), Ok(Err(error)));
        let page = |figures: &[FigureValue]| Counted::CountFigures {
            request: RequestId(3),
            figures: figures.to_vec(),
            more: true,
        };
        let next = counts.answered(page(&[figure("a", 1), figure("b", 2)]));
        assert!(matches!(
            next,
            Some(Counting::CountList { after: Some(_), .. })
        ));
        // The central says the same again.
        assert_eq!(counts.answered(page(&[figure("b", 2)])), None);
        assert_eq!(listed.try_recv().unwrap().unwrap().len(), 3);
        let (answer, mut lost) = oneshot::channel();
        counts.list(answer);
        assert!(counts.fail(&ClientError::Stopped));
        assert_eq!(lost.try_recv().unwrap(), Err(ClientError::Stopped));
    }
}
