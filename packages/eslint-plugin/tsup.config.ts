import manifest from "./package.json" with { type: "json" };
import { packageBuild } from "../../configs/tsup.ts";

export default packageBuild({ define: { PLUGIN_VERSION: JSON.stringify(manifest.version) } });
