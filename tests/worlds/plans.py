"""Plans of the page: clinics to plan for, people who plan, and what is registered then."""

from sqlalchemy import insert, select, update

from sync_worker.administration import plans
from sync_worker.administration.clinics import ADD
from sync_worker.administration.csv_files.reader import FileEntry
from sync_worker.administration.plan_documents import OpenPlan, Person, PlanRequest, Receipt
from sync_worker.registry.tables import change_log, clinic
from tests.worlds.registry import NOW

ANNA, BO = Person("anna", ("01",)), Person("bo", ("01", "03"))
NATIONAL = Person("nina", None)
A, B, C, D = (f"SE2321000016-T{letter}01" for letter in "ABCD")


def known(registry, *hsa_ids, **facts):
    """Have the e-services name clinics: active, in region 01."""
    values = {"active": True, "region_code": "01", "name": "Exempelkliniken", **facts}
    with registry.transaction() as transaction:
        rows = [{"hsa_id": each, **values} for each in hsa_ids]
        transaction.connection.execute(insert(clinic), rows)
        transaction.commit()


def changed(registry, hsa_id, **values):
    """Have something become so of a clinic, whoever does it."""
    with registry.transaction() as transaction:
        which = clinic.c.hsa_id == hsa_id
        transaction.connection.execute(update(clinic).where(which).values(**values))
        transaction.commit()


def asked(*texts, verb=ADD, **about):
    entries = [FileEntry(line, text) for line, text in enumerate(texts, start=1)]
    return PlanRequest(verb, entries, **about)


def planned(registry, *texts, person=ANNA, now=NOW, **about):
    """The id of a new plan."""
    return plans.make(registry, asked(*texts, **about), person, now)


def looked(registry, plan_id, person=ANNA, now=NOW):
    """The plan as it is now."""
    plan = plans.look(registry, plan_id, person, now)
    assert isinstance(plan, OpenPlan)
    return plan


def confirmed(registry, plan_id, person=ANNA, now=NOW, revision=1):
    """The receipt."""
    receipt = plans.confirm(registry, plan_id, revision, person, now)
    assert isinstance(receipt, Receipt)
    return receipt


def codes(document):
    """What becomes of each row."""
    return [item.code for item in document.items]


def registered(registry):
    with registry.snapshot() as connection:
        wanted = select(clinic.c.hsa_id).where(clinic.c.registered_at.is_not(None))
        return set(connection.scalars(wanted))


def logged(registry, actor="anna"):
    """What the change log has of somebody: change, clinic and reason."""
    columns = (change_log.c.change, change_log.c.hsa_id, change_log.c.reason)
    with registry.snapshot() as connection:
        entries = select(*columns).where(change_log.c.actor == actor).order_by(change_log.c.id)
        return [tuple(row) for row in connection.execute(entries)]
