//! A pass over a message by AES: the same code for all lengths of keys where code is to be small.

use aes::cipher::array::Array;
use aes::cipher::consts::{U4, U16};
use aes::cipher::inout::InOut;
use aes::cipher::{
    BlockCipherEncBackend, BlockCipherEncClosure, BlockSizeUser, ParBlocks, ParBlocksSizeUser,
};
use zeroize::Zeroize;

/// Work on one message.
pub(super) trait Pass {
    /// Does it by what encrypts blocks best here.
    fn over<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B);
}

/// A pass for the cipher to call.
pub(super) struct Called<P>(pub(super) P);

impl<P: Pass> BlockSizeUser for Called<P> {
    type BlockSize = U16;
}

impl<P: Pass> BlockCipherEncClosure for Called<P> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        if cfg!(target_family = "wasm") {
            // A page has to load the code, and a call is nothing beside four blocks of sliced bits.
            let encrypt = |lanes: &mut Lanes| match lanes.as_mut_slice().try_into() {
                Ok(lanes) => backend.encrypt_par_blocks_inplace(lanes),
                Err(_) => lanes.iter_mut().for_each(|lane| backend.encrypt_block_inplace(lane)),
            };
            self.0.over(&ByPointer(&encrypt));
        } else {
            self.0.over(backend);
        }
    }
}

type Lanes = Array<aes::Block, U4>;

/// What encrypts four blocks, whatever it is.
struct ByPointer<'b>(&'b dyn Fn(&mut Lanes));

impl BlockSizeUser for ByPointer<'_> {
    type BlockSize = U16;
}

impl ParBlocksSizeUser for ByPointer<'_> {
    type ParBlocksSize = U4;
}

impl BlockCipherEncBackend for ByPointer<'_> {
    fn encrypt_block(&self, mut block: InOut<'_, '_, aes::Block>) {
        let mut lanes = Lanes::default();
        if let [lane, ..] = lanes.as_mut_slice() {
            *lane = *block.get_in();
        }
        (self.0)(&mut lanes);
        if let [lane, ..] = lanes.as_slice() {
            *block.get_out() = *lane;
        }
        aes::Block::slice_as_flattened_mut(&mut lanes).zeroize();
    }

    #[inline(always)]
    fn encrypt_par_blocks(&self, mut blocks: InOut<'_, '_, ParBlocks<Self>>) {
        let mut lanes = *blocks.get_in();
        (self.0)(&mut lanes);
        *blocks.get_out() = lanes;
    }

    #[inline(always)]
    fn encrypt_par_blocks_inplace(&self, blocks: &mut ParBlocks<Self>) {
        (self.0)(blocks);
    }
}
