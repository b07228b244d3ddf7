"""The database's own guards, as triggers: what must hold even for raw SQL."""

from __future__ import annotations

import pgtrigger


def edges(field: str, *pairs: tuple[str, str]) -> list[pgtrigger.Trigger]:
    """This function will make the triggers of a lifecycle: it starts in the first state and follows only these edges.

    The pairs repeat what django-fsm declares on the model; a test holds the two against each other.
    """
    start = pairs[0][0]
    return [
        pgtrigger.FSM(name=f"{field}_edges", field=field, transitions=list(pairs)),
        pgtrigger.Protect(
            name=f"{field}_start",
            operation=pgtrigger.Insert,
            condition=pgtrigger.Condition(f"NEW.{field} <> '{start}'"),
        ),
    ]


def frozen(name: str, *columns: str, when: str) -> pgtrigger.Trigger:
    """This function will make a trigger that refuses to change these columns where `when` (SQL on OLD) holds."""
    old = ", ".join(f"OLD.{column}" for column in columns)
    new = ", ".join(f"NEW.{column}" for column in columns)
    return pgtrigger.Protect(
        name=name,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(f"(({when}) AND ({old}) IS DISTINCT FROM ({new}))"),
    )


def kept(name: str, *, when: str) -> pgtrigger.Trigger:
    """This function will make a trigger that refuses to delete rows where `when` (SQL on OLD) holds."""
    return pgtrigger.Protect(name=name, operation=pgtrigger.Delete, condition=pgtrigger.Condition(when))


def refuse(name: str, *, operation: pgtrigger.Operation, when: str, because: str) -> pgtrigger.Trigger:
    """This function will make a row trigger that raises `because` where the SQL condition `when` holds.

    Unlike a trigger's own WHEN, `when` may hold queries. NEW and OLD are the row's versions.
    """
    sentence = because.replace("'", "''")
    return pgtrigger.Trigger(
        name=name,
        operation=operation,
        when=pgtrigger.Before,
        func=f"""
            IF {when} THEN
                RAISE EXCEPTION '{sentence}' USING ERRCODE = 'check_violation';
            END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        """,
    )
