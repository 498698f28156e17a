import { writeFileSync } from "node:fs";
import { shown } from "./repository.ts";
import { releaseSbom, sbomFile } from "./sbom/release-sbom.ts";

const sbom = await releaseSbom();
writeFileSync(sbomFile, `${JSON.stringify(sbom, undefined, 2)}\n`);
console.log(`${shown(sbomFile)}: ${sbom.components.length} packages (CycloneDX)`);
