"""The same work done by the public FastAPI library for OCPI (2.2.1), with one MongoDB write for each change.

Runs in an environment of its own, whose packages are `requirements.txt`: `python app.py PORT MONGODB_URL`."""

import sys
from typing import Any

import uvicorn
from motor.motor_asyncio import AsyncIOMotorClient
from py_ocpi import get_application
from py_ocpi.core.adapter import BaseAdapter
from py_ocpi.core.authentication.authenticator import Authenticator
from py_ocpi.core.config import logger
from py_ocpi.core.crud import Crud
from py_ocpi.core.enums import ModuleID, RoleEnum
from py_ocpi.modules.locations.v_2_2_1.schemas import Location
from py_ocpi.modules.versions.enums import VersionNumber

TOKEN = "bench-token-c"


class Store(Crud):
    """Every method is what the library asks for; a location is a document by its id."""

    collection: Any = None

    @classmethod
    async def get(cls, module: Any, role: Any, id: str, *args: Any, **kwargs: Any) -> Any:
        return await cls.collection.find_one({"_id": str(id)})

    @classmethod
    async def list(cls, module: Any, role: Any, filters: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        offset, limit = filters["offset"], filters["limit"]
        found = await cls.collection.find({}).sort("_id", 1).skip(offset).limit(limit).to_list(limit)
        total = await cls.collection.estimated_document_count()
        return found, total, offset + limit >= total

    @classmethod
    async def create(cls, module: Any, role: Any, data: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        await cls.collection.replace_one({"_id": str(data["id"])}, data, upsert=True)
        return data

    @classmethod
    async def update(cls, module: Any, role: Any, data: dict[str, Any], id: str, *args: Any, **kwargs: Any) -> Any:
        await cls.collection.replace_one({"_id": str(id)}, data)
        return data

    @classmethod
    async def delete(cls, module: Any, role: Any, id: str, *args: Any, **kwargs: Any) -> Any:
        await cls.collection.delete_one({"_id": str(id)})

    @classmethod
    async def do(cls, *args: Any, **kwargs: Any) -> Any:
        return None


class Known(Authenticator):
    @classmethod
    async def get_valid_token_c(cls) -> list[str]:
        return [TOKEN]

    @classmethod
    async def get_valid_token_a(cls) -> list[str]:
        return []


class Adapter(BaseAdapter):
    @classmethod
    def location_adapter(cls, data: dict[str, Any], version: Any = None) -> Location:
        return Location(**data)


def main(port: int, mongodb_url: str) -> None:
    logger.setLevel("ERROR")  # it would log every request
    Store.collection = AsyncIOMotorClient(mongodb_url, w="majority")["bench_library"]["locations"]
    app = get_application(
        version_numbers=[VersionNumber.v_2_2_1],
        roles=[RoleEnum.cpo, RoleEnum.emsp],
        crud=Store,
        modules=[ModuleID.locations],
        authenticator=Known,
        adapter=Adapter,
    )
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
