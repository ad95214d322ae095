//! How a message becomes the bytes of a call, and back.

use std::marker::PhantomData;

use prost::Message;
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

#[derive(Debug)]
pub(super) struct Prost<E, D>(PhantomData<(E, D)>);

impl<E, D> Default for Prost<E, D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

#[derive(Debug)]
pub(super) struct One<T>(PhantomData<T>);

impl<E, D> Codec for Prost<E, D>
where
    E: Message + 'static,
    D: Message + Default + 'static,
{
    type Encode = E;
    type Decode = D;
    type Encoder = One<E>;
    type Decoder = One<D>;

    fn encoder(&mut self) -> One<E> {
        One(PhantomData)
    }

    fn decoder(&mut self) -> One<D> {
        One(PhantomData)
    }
}

impl<T: Message> Encoder for One<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        (item.encode(buffer)).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<T: Message + Default> Decoder for One<T> {
    type Item = T;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<T>, Status> {
        let item = T::decode(buffer).map_err(|error| Status::internal(error.to_string()))?;
        Ok(Some(item))
    }
}
