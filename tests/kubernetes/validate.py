"""Validates every manifest of a folder strictly, and its kustomization as far as it names files."""

import pathlib
import sys

import kubernetes_validate
import yaml

VERSIONS = ["1.31", "1.33", "1.35"]


def main(folder: pathlib.Path) -> int:
    manifests = sorted(path for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")
    documents = [(path, document) for path in manifests for document in yaml.safe_load_all(path.read_text())]
    errors = []
    for path, document in documents:
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
                errors.append(f"{path.name}, Kubernetes {version}: {error}")

    # a schema that refuses nothing proves nothing
    broken = {**documents[0][1], "spec": {**documents[0][1]["spec"], "no_such_field": 1}}
    try:
        kubernetes_validate.validate(broken, VERSIONS[0], strict=True)
        errors.append("a field that does not exist is not refused")
    except kubernetes_validate.ValidationError:
        pass

    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    files = kustomization["resources"] + [
        file for generator in kustomization["configMapGenerator"] for file in generator["envs"]
    ]
    errors += [f"kustomization.yaml names {file}, which is not there" for file in files if not (folder / file).is_file()]

    for error in errors:
        print(error)
    print(f"{len(documents)} manifests against Kubernetes {', '.join(VERSIONS)}: {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
