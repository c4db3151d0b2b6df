import { programBuild } from "../../configs/tsup.ts";

export default programBuild();
