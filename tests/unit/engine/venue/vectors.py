"""The orders of protocol.md's Appendix A, and more made with the unmodified official clients.

Batches, calls, the session key's signature and the V1 order: polymarket-client 0.14.0 and py-clob-client-v2 1.2.1.
"""

from typing import Final

from engine.model.events import Side
from engine.venue.addresses import ZERO_ADDRESS, parse_address
from engine.venue.keys import OwnerKey
from engine.venue.orders import OrderFields, OrderFieldsV1, SignatureType

KEY: Final = OwnerKey.parse("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
EOA: Final = parse_address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
PROXY: Final = parse_address("0x365f0CA36Ae1f641E02fE3B7743673da42A13A70")
SAFE: Final = parse_address("0xd93B25cb943D14d0d34FBaF01Fc93a0f8b5F6E47")
LEGACY_DEPOSIT: Final = parse_address("0xdf8b9E8f9AB23f261F6e1B171B7454ae6E46Ba76")
DEPOSIT: Final = parse_address("0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50")
TOKEN: Final = 71321045679252212594626385532706912750332728571942532289631379312455583992563
SALT: Final = 479249096354

V2_SEPARATOR: Final = "3264e159346253e26a64e00b69032db0e7d32f94628de3e6eecb50304d7af3d2"
V3_SEPARATOR: Final = "466c63910185bbd55e8679264200c4e0abdcbb0c6264eb3d41d13326022e095b"
ORDER_TYPE_HASH: Final = "bb86318a2138f5fa8ae32fbe8e659f8fcf13cc6ae4014a707893055433818589"

HASH_EOA: Final = "9ce6827194e22dbd64bd61cea5033dcb6875ad6ee0ae08098a9ba0bdd24c6ccd"
HASH_PROXY: Final = "5577d81d2c1a37c79adcbf78014e9cf4e853079e4b2404100b72fdc68de0dc2f"
HASH_SAFE: Final = "8b3faa870c97190052c69018ad9d9f99b4db4499e105c56e1c8bacc44fddab87"
HASH_DEPOSIT: Final = "fe9b9fe08361e05d264d2833652df5fa52cc1e869bf527bbfd98e1dacb9359b1"

ID_V2_EOA: Final = "85a92b1c7059964f64d83ff39b857c66edd4c5b43e7b004ec1621ca70352c087"
ID_V2_PROXY: Final = "592a6f97c11c316d7d2e97f30d18048d9196286bb105b37221a3f70870579110"
ID_V2_SAFE: Final = "7397a99f7b599848c51911e3ffc9065a18bf4e1f127fd6e2ddba3639b89137e4"
ID_V2_DEPOSIT: Final = "6cf33c986c19ba6a80795023a4874a9326a31654afd20d07000d9348e913c062"
ID_V3_EOA: Final = "c0ddfbe3343d4a1f817a0c671625d305cd88c79db964d64eccfb62af36fe3a5b"

SIGNATURE_V2_EOA: Final = (
    "be67d70e9f334872e63e0a6bb69d8702438c949232b2518ebc1c9a8133a3b8a9"
    "3ddbedde30c418bf0c7c499ec8dab62f25c777b98a41c2755b5e6ef00d511a6a1c"
)
SIGNATURE_V2_PROXY: Final = (
    "20ca9d2a3b530ab55419fc4d03d2bcce1c5cd38ddf96625de9e909c004da21af"
    "1cbab7e159b0393e10b008f2d62b0c380b2b59bcb66b5da110aa98b7b237d0a81c"
)
SIGNATURE_V2_SAFE: Final = (
    "bcc8e0e60fb60de5e109e4dd29def43eefe993d9791ee6a52f987c7ed396dcbf"
    "5ebfb897090e0f7046c038fee4d75d8b37d5c05a3c1d056722dcdcd001a9a3ba1b"
)
SIGNATURE_V3_EOA: Final = (
    "462a5fbfa90ea8316d7374846fe5f1e14e2e5f1f3372dd86c40803dc2f73a9d4"
    "2338d4d503cc31aaeffc5608759440da4ef0b2f72197741e8be70e9bc515fabe1b"
)
_ORDER_TYPE: Final = (
    b"Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,"
    b"uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder)"
)
SIGNATURE_V2_DEPOSIT: Final = (
    "37dbdbe3f484a6625c6630b86c0f0cbd4bcacb90dc7cde8c1f2154a8d03396eb"
    "32f2ebcf066145ad61303b0edbaccb3faf297940877916dd5c273bd10e2b03341b"
    f"{V2_SEPARATOR}{HASH_DEPOSIT}{_ORDER_TYPE.hex()}00ba"
)
SIGNATURE_V2_SESSION: Final = (
    "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
    f"{0:064x}{0x60:064x}{317:064x}"
    "1960d41c91054c2ccc40f1df611355158550c3a70e00bacdbba281019e6691f4"
    "46b4040c9809ecb4c6dcfbdc093f801c9607b915a46ef431958eddca4bb20beb1c"
    f"{V2_SEPARATOR}{HASH_DEPOSIT}{_ORDER_TYPE.hex()}00ba000000"
    "6492649264926492649264926492649264926492649264926492649264926492"
)
"""Test account 1 is the session key of the deposit wallet."""

ID_V1: Final = "3b5ae95e9488951a086b7843dfe0ca4fde5f693dc73a43e27ab04e61656790d6"
SIGNATURE_V1: Final = (
    "7c18f29c1783853c19017930ea304bc36ae453bb9762efb7ff5a221408db4d77"
    "0b5fbeed798975067d600b3a434e6b8dbdf5ae5de81a45529d9b70bcbc6c80651b"
)


def order(kind: SignatureType, maker: bytes, signer: bytes) -> OrderFields:
    """Return Appendix A's order for a wallet."""
    return OrderFields(
        salt=SALT,
        maker=maker,
        signer=signer,
        token_id=TOKEN,
        maker_amount=52_000_000,
        taker_amount=100_000_000,
        side=Side.BUY,
        signature_type=kind,
        timestamp_ms=1_763_683_200_000,
    )


BY_EOA: Final = order(SignatureType.EOA, EOA, EOA)
BY_PROXY: Final = order(SignatureType.PROXY, PROXY, EOA)
BY_SAFE: Final = order(SignatureType.SAFE, SAFE, EOA)
BY_DEPOSIT: Final = order(SignatureType.DEPOSIT_WALLET, DEPOSIT, DEPOSIT)
BY_V1_CLIENT: Final = OrderFieldsV1(
    salt=SALT,
    maker=EOA,
    signer=EOA,
    taker=ZERO_ADDRESS,
    token_id=TOKEN,
    maker_amount=52_000_000,
    taker_amount=100_000_000,
    expiration=0,
    nonce=0,
    fee_rate_bps=1000,
    side=Side.BUY,
    signature_type=SignatureType.EOA,
)
