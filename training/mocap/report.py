"""What became of every clip: taken, cut, dropped and why, with the proof of each family; as text and JSON."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from posenorm_core.files import write_aside
from training.mocap.bodies import Body
from training.mocap.dataset import FPS, DataClip
from training.mocap.proof import FamilyProof, prove


@dataclass
class Report:
    """Collects what is told to it while the data set is made."""

    taken: list[dict[str, object]] = field(default_factory=list)
    dropped: list[dict[str, object]] = field(default_factory=list)
    cuts: list[dict[str, object]] = field(default_factory=list)
    scaled: list[dict[str, object]] = field(default_factory=list)
    proofs: list[FamilyProof] = field(default_factory=list)

    def drop(self, clip: str, family: str, frames: int, reason: str) -> None:
        """A clip is left out."""
        self.dropped.append({"clip": clip, "family": family, "frames": frames, "reason": reason})

    def cut(self, clip: str, frames: int, reason: str) -> None:
        """Some frames of a clip are left out; none is fine."""
        if frames:
            self.cuts.append({"clip": clip, "frames": frames, "reason": reason})

    def take(self, clips: Sequence[DataClip]) -> None:
        """These clips are in the data set."""
        for clip in clips:
            standing = [round(float(share), 3) for share in clip.contacts.mean(axis=0)]
            named = {"clip": clip.name, "family": clip.family, "subject": clip.subject, "action": clip.action}
            self.taken.append({**named, "frames": len(clip), "standing": standing})

    def prove(self, bodies: Sequence[Body]) -> None:
        """Measures every family's conversion, and notes the bodies that were scaled."""
        families: dict[str, list[Body]] = defaultdict(list)
        for body in bodies:
            families[body.clips[0].family_name].append(body)
            if body.scale != 1.0:
                self.scaled.append({"clips": [clip.name for clip in body.clips], "by": round(body.scale, 3)})
        self.proofs = [prove(family, group) for family, group in sorted(families.items())]

    def text(self) -> str:
        """The report in Markdown: tables of the families, the drops, the cuts and the bodies scaled."""
        return "\n".join(
            [
                "# Motion capture taken\n",
                _table(("family", "clips", "frames", "minutes", "right and left foot stand"), self._family_rows()),
                "\n# Proof: refit against source (mm), mean hinge axes against the T-pose's (degrees)\n",
                _table(_PROOF_COLUMNS, [_proof_row(proof) for proof in self.proofs]),
                "\n# Dropped\n",
                _table(("clip", "family", "frames", "why"), [tuple(row.values()) for row in self.dropped]),
                "\n# Cut\n",
                _table(("clip", "frames", "why"), [tuple(row.values()) for row in self.cuts]),
                "\n# Bodies scaled to a grown person's height\n",
                _table(("clips", "by"), [(", ".join(map(str, row["clips"])), row["by"]) for row in self.scaled]),  # type: ignore[call-overload]
            ]
        )

    def _family_rows(self) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for family in sorted({str(row["family"]) for row in self.taken}):
            clips = [row for row in self.taken if row["family"] == family]
            frames = [int(str(row["frames"])) for row in clips]
            stand = [
                sum(row["standing"][side] * n for row, n in zip(clips, frames, strict=True)) / sum(frames)  # type: ignore[index]
                for side in (0, 1)
            ]
            minutes = f"{sum(frames) / FPS / 60:.1f}"
            rows.append((family, len(clips), sum(frames), minutes, f"{stand[0]:.0%} {stand[1]:.0%}"))
        return rows


_PROOF_COLUMNS = ("family", "bodies", "limbs mean", "limbs max", "trunk mean", "trunk max", "knees", "elbows")


def _proof_row(proof: FamilyProof) -> tuple[object, ...]:
    figures = (proof.limb_mean, proof.limb_max, proof.trunk_mean, proof.trunk_max, proof.knee_hinge, proof.elbow_hinge)
    return (proof.family, proof.bodies, *(f"{figure:.2f}" for figure in figures))


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table, or a line that says there is nothing."""
    if not rows:
        return "(none)"
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def write_report(report: Report, output: Path) -> None:
    """Writes `<output>.report.md` and `.report.json` beside the data set."""
    with write_aside(output.with_suffix(".report.md")) as aside:
        aside.write_text(report.text() + "\n", encoding="utf-8")
    content = {**asdict(report), "proofs": [asdict(proof) for proof in report.proofs]}
    with write_aside(output.with_suffix(".report.json")) as aside:
        aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
