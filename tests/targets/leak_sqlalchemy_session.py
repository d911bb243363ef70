# SPDX-License-Identifier: Apache-2.0
"""One SQLAlchemy Session for the whole program: every order is added, none is ever committed."""
# runs: 3.9 3.11 3.12 3.14
# needs: sqlalchemy
# expect: verdict=leak holder="module __main__: SESSION\._new\b" type=dict
# expect: cause="SQLAlchemy Session that is added to"

from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import Session, declarative_base

from common import serve

Base = declarative_base()


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    customer = Column(String)


SESSION = Session(autoflush=False)


def handle(number):
    SESSION.add(Order(id=number, customer="customer %d %s" % (number, "c" * 60)))


serve(handle, rate=60)
