internal import CLinuxShims
